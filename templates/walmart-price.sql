-- What an item costs at Walmart today, and in a sale what it costs else.
SELECT
  sku,
  sku,
  CASE WHEN today_minor < price_minor THEN 'REDUCED' ELSE 'BASE' END AS type,
  CASE WHEN currency IN ('USD', 'CAD') THEN today_minor END AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS comparison_price,
  currency
FROM item
