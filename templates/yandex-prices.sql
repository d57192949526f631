-- What an item costs at Yandex Market today, and in a sale what it costs else.
SELECT
  sku,
  sku                                   AS offerId,
  today_minor                           AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS old_price,
  currency,
  CASE currency WHEN 'RUB' THEN 'RUR' ELSE currency END AS currency_id
FROM item
