-- How an item becomes an offer at Heureka: what can be had, at what it costs today. What is sold out is not told.
SELECT
  sku,
  sku                                   AS ITEM_ID,
  concat_ws(' ', CASE WHEN title NOT LIKE brand || '%' THEN brand END, title, replace(variant_title, ' / ', ' ')) AS PRODUCTNAME,
  description                           AS DESCRIPTION,
  link                                  AS URL,
  image                                 AS IMGURL,
  images                                AS IMGURL_ALTERNATIVE,
  CASE currency WHEN 'CZK' THEN printf('%d.%02d', today_minor / 100, today_minor % 100) END AS PRICE_VAT,
  -- Must be a category of Heureka's: map your own in [channel.heureka.set].
  'Heureka.cz | ' || replace(coalesce(category, product_type), ' > ', ' | ') AS CATEGORYTEXT,
  CASE availability WHEN 'in_stock' THEN '0' ELSE substr(availability_date, 1, 10) END AS DELIVERY_DATE,
  json_object('DELIVERY_ID', $delivery_id, 'DELIVERY_PRICE', $delivery_price) AS DELIVERY,
  brand                                 AS MANUFACTURER,
  CASE WHEN length(gtin) <= 13 THEN gtin END AS EAN,
  mpn                                   AS PRODUCTNO,
  options                               AS PARAM,
  CASE WHEN item_group_id <> sku THEN item_group_id END AS ITEMGROUP_ID,
  CASE condition WHEN 'used' THEN 'bazar' END AS ITEM_TYPE
FROM item
WHERE availability <> 'out_of_stock'
