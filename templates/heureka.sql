-- How an item becomes an offer at Heureka: what can be had, at what it costs today. What is sold out is not told.
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
  image                                 AS IMGURL,
  images                                AS IMGURL_ALTERNATIVE,
  CASE currency WHEN 'CZK' THEN printf('%d.%02d', today_minor / 100, today_minor % 100) END AS PRICE_VAT,
  -- Must be a category of Heureka's: map your own in [channel.heureka.set].
  'Heureka.cz | ' || replace(coalesce(category, product_type), ' > ', ' | ') AS CATEGORYTEXT,
  CASE availability WHEN 'in_stock' THEN '0' ELSE substr(availability_date, 1, 10) END AS DELIVERY_DATE,
  json_object('DELIVERY_ID', $delivery_id, 'DELIVERY_PRICE', $delivery_price) AS DELIVERY,
  brand                                 AS MANUFACTURER,
  gtin                                  AS EAN,
  mpn                                   AS PRODUCTNO,
  options                               AS PARAM,
  CASE WHEN item_group_id <> sku THEN item_group_id END AS ITEMGROUP_ID,
  CASE condition WHEN 'used' THEN 'bazar' END AS ITEM_TYPE
FROM priced
