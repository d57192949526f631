-- One row for each article, at sixty percent of what buyers pay.
SELECT
  sku,
  sku                      AS article,
  title                    AS name,
  price_minor * 60 / 100   AS net_price,
  currency,
  max(available, 0)        AS units,
  images                   AS photos
FROM item
