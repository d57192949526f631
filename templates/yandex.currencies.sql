SELECT $currency AS id, 1 AS rate
