-- How an item becomes an offer at Zboží.cz: what can be had, at what it costs today. What is sold out is not told.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
  WHERE availability <> 'out_of_stock'
)
SELECT
  sku,
  sku                                   AS ITEM_ID,
  concat_ws(' ', CASE WHEN title NOT LIKE brand || '%' THEN brand END, title, replace(variant_title, ' / ', ' ')) AS PRODUCTNAME,
  description                           AS DESCRIPTION,
  CASE WHEN path LIKE 'http%' THEN path
       ELSE $site || path || '?sku=' || replace(replace(replace(replace(sku, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B')
       END                              AS URL,
  -- The variant's picture first, then those of the product.
  (SELECT json_group_array(value) FROM (SELECT image AS value WHERE image IS NOT NULL
                                        UNION ALL SELECT value FROM json_each(images) WHERE value <> image)) AS IMGURL,
  CASE currency WHEN 'CZK' THEN today_minor END AS PRICE_VAT,
  currency,
  CASE availability WHEN 'in_stock' THEN '0' ELSE coalesce(substr(availability_date, 1, 10), '-1') END AS DELIVERY_DATE,
  CASE condition WHEN 'used' THEN 'bazaar' END AS ITEM_TYPE,
  brand                                 AS MANUFACTURER,
  replace(coalesce(category, product_type), ' > ', ' | ') AS CATEGORYTEXT,
  gtin                                  AS EAN,
  mpn                                   AS PRODUCTNO,
  CASE WHEN item_group_id <> sku THEN item_group_id END AS ITEMGROUP_ID,
  options                               AS PARAM
FROM priced
