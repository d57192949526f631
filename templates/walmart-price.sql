-- What an item costs at Walmart today, and in a sale what it costs else.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
)
SELECT
  sku,
  sku,
  CASE WHEN today_minor < price_minor THEN 'REDUCED' ELSE 'BASE' END AS type,
  CASE WHEN currency IN ('USD', 'CAD') THEN today_minor END AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS comparison_price,
  currency
FROM priced
