-- How an item becomes an offer in Yandex Market Language: what can be had, at what it costs today.
-- A category is a level of a product type; its id is made from the first product in it, so that it stays the same.
WITH RECURSIVE level (product_id, depth, path, parent, name, rest) AS (
  SELECT id, 0, '', NULL, '', product_type || ' > ' FROM product WHERE status = 'active' AND product_type <> ''
  UNION ALL
  SELECT product_id, depth + 1, ltrim(path || ' > ' || substr(rest, 1, instr(rest, ' > ') - 1), ' >'), path,
         substr(rest, 1, instr(rest, ' > ') - 1), substr(rest, instr(rest, ' > ') + 3)
  FROM level WHERE rest <> '' AND depth < 15
),
category_id AS (SELECT path, min(product_id) * 16 + depth AS id FROM level WHERE depth > 0 GROUP BY path),
priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
  WHERE availability <> 'out_of_stock'
)
SELECT
  sku,
  sku                                   AS id,
  availability = 'in_stock'             AS available,
  CASE WHEN item_group_id NOT GLOB '*[^0-9]*' AND length(item_group_id) <= 9 THEN item_group_id END AS group_id,
  CASE WHEN priced.path LIKE 'http%' THEN priced.path
       ELSE $site || priced.path || '?sku=' || replace(replace(replace(replace(sku, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B')
       END                              AS url,
  CASE currency WHEN $currency THEN today_minor END AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS oldprice,
  currency                              AS currencyId,
  currency,
  category_id.id                        AS categoryId,
  -- The variant's picture first, then those of the product.
  (SELECT json_group_array(value) FROM (SELECT image AS value WHERE image IS NOT NULL
                                        UNION ALL SELECT value FROM json_each(images) WHERE value <> image)) AS picture,
  (SELECT json_group_array(json_object('id', s.store_code, 'instock', max(s.available, 0)))
   FROM item_stock s WHERE s.sku = priced.sku AND s.location_kind = 'store') AS outlets,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS name,
  brand                                 AS vendor,
  mpn                                   AS vendorCode,
  description,
  gtin                                  AS barcode,
  options                               AS param,
  CASE WHEN weight_g > 0 THEN printf('%d.%03d', weight_g / 1000, weight_g % 1000) END AS weight,
  CASE WHEN tracked = 1 THEN max(available, 0) END AS count
FROM priced LEFT JOIN category_id ON category_id.path = priced.product_type
