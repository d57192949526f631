-- What an item costs at Yandex Market today, and in a sale what it costs else.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
)
SELECT
  sku,
  sku                                   AS offerId,
  today_minor                           AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS old_price,
  currency,
  CASE currency WHEN 'RUB' THEN 'RUR' ELSE currency END AS currency_id
FROM priced
