-- How an item becomes an offer in Yandex Market Language: what can be had, at what it costs today.
-- A category is a level of a product type; its id is made from the first product in it, so that it stays the same.
WITH RECURSIVE level (product_id, depth, path, parent, name, rest) AS (
  SELECT id, 0, '', NULL, '', product_type || ' > ' FROM product WHERE status = 'active' AND product_type <> ''
  UNION ALL
  SELECT product_id, depth + 1, ltrim(path || ' > ' || substr(rest, 1, instr(rest, ' > ') - 1), ' >'), path,
         substr(rest, 1, instr(rest, ' > ') - 1), substr(rest, instr(rest, ' > ') + 3)
  FROM level WHERE rest <> '' AND depth < 15
),
category_id AS (SELECT path, min(product_id) * 16 + depth AS id FROM level WHERE depth > 0 GROUP BY path)
SELECT
  sku,
  sku                                   AS id,
  availability = 'in_stock'             AS available,
  CASE WHEN item_group_id NOT GLOB '*[^0-9]*' AND length(item_group_id) <= 9 THEN item_group_id END AS group_id,
  link                                  AS url,
  CASE currency WHEN $currency THEN today_minor END AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS oldprice,
  currency                              AS currencyId,
  currency,
  category_id.id                        AS categoryId,
  pictures                              AS picture,
  (SELECT json_group_array(json_object('id', s.store_code, 'instock', max(s.available, 0)) ORDER BY s.store_code)
   FROM item_stock s WHERE s.sku = item.sku AND s.location_kind = 'store') AS outlets,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS name,
  brand                                 AS vendor,
  mpn                                   AS vendorCode,
  description,
  gtin                                  AS barcode,
  options                               AS param,
  CASE WHEN weight_g > 0 THEN printf('%d.%03d', weight_g / 1000, weight_g % 1000) END AS weight,
  CASE WHEN tracked = 1 THEN max(available, 0) END AS count
FROM item LEFT JOIN category_id ON category_id.path = item.product_type
WHERE availability <> 'out_of_stock'
