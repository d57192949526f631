-- How an item becomes an SKU of a TikTok Shop product, at what it costs today.
SELECT
  sku,
  item_group_id                         AS product_key,
  title,
  description,
  -- Map your own in [channel.tiktok-shop.set].
  attributes ->> '$.tiktok_category'    AS category_id,
  (SELECT json_group_array(json_object('uri', value)) FROM json_each(attributes ->> '$.tiktok_images')) AS main_images,
  CASE WHEN weight_g > 0 THEN printf('%d.%03d KILOGRAM', weight_g / 1000, weight_g % 1000) END AS package_weight,
  sku                                   AS seller_sku,
  today_minor                           AS price,
  currency,
  $warehouse_id                         AS warehouse_id,
  quantity,
  options                               AS sales_attributes,
  gtin                                  AS code,
  CASE length(gtin) WHEN 12 THEN 'UPC' WHEN 14 THEN 'GTIN' WHEN 13 THEN 'EAN' WHEN 8 THEN 'EAN' END AS code_type
FROM item
