-- How an item becomes an offer at Allegro, at what it costs today.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
)
SELECT
  sku,
  sku,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS name,
  gtin,
  today_minor                           AS price,
  currency,
  CASE WHEN tracked = 0 OR sells_when_out = 1 THEN 999 ELSE max(available, 0) END AS quantity,
  -- The variant's picture first, then those of the product.
  (SELECT json_group_array(value) FROM (SELECT image AS value WHERE image IS NOT NULL
                                        UNION ALL SELECT value FROM json_each(images) WHERE value <> image)) AS images,
  $handling_time                        AS handling_time,
  $shipping_rates                       AS shipping_rates
FROM priced
