-- How an item becomes an inventory item at eBay.
SELECT
  sku,
  sku,
  quantity,
  CASE coalesce(condition, 'new') WHEN 'new' THEN 'NEW' WHEN 'refurbished' THEN 'SELLER_REFURBISHED' WHEN 'used' THEN 'USED_GOOD' END AS condition,
  concat_ws(' ', title, variant_title)  AS title,
  coalesce(description, title)          AS description,
  json_patch(options, json_object('Brand', brand, 'MPN', mpn, 'Material', material)) AS aspects,
  brand,
  mpn,
  CASE WHEN length(gtin) IN (8, 13) THEN gtin END AS ean,
  CASE length(gtin) WHEN 12 THEN gtin END AS upc,
  pictures                              AS image_urls,
  CASE WHEN weight_g > 0 THEN weight_g || ' GRAM' END AS weight
FROM item
