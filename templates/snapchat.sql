-- How an item becomes a row of Snapchat's product feed.
SELECT
  sku,
  sku                                   AS id,
  item_group_id,
  concat_ws(' - ', title, variant_title) AS title,
  coalesce(description, title)          AS description,
  link,
  image                                 AS image_link,
  images                                AS additional_image_link,
  CASE availability WHEN 'backorder' THEN 'available for order'
       ELSE replace(availability, '_', ' ') END AS availability,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  sale_from || '/' || sale_to            AS sale_price_effective_date,
  currency,
  coalesce(condition, 'new')            AS condition,
  brand,
  gtin,
  mpn,
  google_product_category,
  product_type,
  color,
  size,
  material,
  pattern,
  age_group,
  gender
FROM item
