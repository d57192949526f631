-- How an item becomes a row of idealo's CSV: what can be bought today, at what it costs today.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
  WHERE availability = 'in_stock'
)
SELECT
  sku,                                  -- names the row in reports
  sku                                   AS sku,
  brand,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS title,
  coalesce(category, product_type)      AS categoryPath,
  CASE WHEN path LIKE 'http%' THEN path
       ELSE $site || path || '?sku=' || replace(replace(replace(replace(sku, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B')
       END                              AS url,
  description,
  gtin                                  AS eans,
  mpn                                   AS hans,
  -- The variant's own picture first.
  (SELECT json_group_array(value) FROM (
     SELECT image AS value WHERE image IS NOT NULL
     UNION ALL SELECT value FROM json_each(images) WHERE value <> image
  ))                                    AS imageUrls,
  size,
  color                                 AS colour,
  upper(gender)                         AS gender,
  material,
  CASE condition WHEN 'used' THEN 'true' END AS used,
  CASE WHEN currency IN ('EUR', 'GBP') THEN printf('%d.%02d', today_minor / 100, today_minor % 100) END AS price,
  CASE WHEN today_minor < price_minor THEN printf('%d.%02d', price_minor / 100, price_minor % 100) END AS formerPrice,
  $delivery                             AS delivery,
  $delivery_costs                       AS deliveryCosts_dhl
FROM priced
