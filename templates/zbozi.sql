-- How an item becomes an offer at Zboží.cz: what can be had, at what it costs today. What is sold out is not told.
SELECT
  sku,
  sku                                   AS ITEM_ID,
  concat_ws(' ', CASE WHEN title NOT LIKE brand || '%' THEN brand END, title, replace(variant_title, ' / ', ' ')) AS PRODUCTNAME,
  description                           AS DESCRIPTION,
  link                                  AS URL,
  pictures                              AS IMGURL,
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
FROM item
WHERE availability <> 'out_of_stock'
