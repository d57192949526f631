-- How an item becomes an offer on one of Amazon's ASINs, which the item has as an attribute.
SELECT
  sku,
  sku,
  attributes ->> '$.asin'               AS asin,
  CASE coalesce(condition, 'new') WHEN 'new' THEN 'new_new' WHEN 'refurbished' THEN 'refurbished_refurbished' WHEN 'used' THEN 'used_good' END AS condition,
  currency,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_from END AS sale_start,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_to END AS sale_end,
  quantity
FROM item
