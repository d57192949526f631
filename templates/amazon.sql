-- What changes about a listing at Amazon: price and stock. What is sold when there is none needs a number all the same.
SELECT
  sku,
  sku,
  currency,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_from END AS sale_start,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_to END AS sale_end,
  quantity
FROM item
