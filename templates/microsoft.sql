-- How an item becomes a row of Microsoft's catalog file.
SELECT
  sku,
  sku                                   AS id,
  item_group_id,
  concat_ws(' - ', title, variant_title) AS title,
  coalesce(description, title)          AS description,
  link,
  image                                 AS image_link,
  images                                AS additional_image_link,
  -- No word for a backorder here: it can be bought now and comes later, as a preorder does.
  CASE availability WHEN 'backorder' THEN 'preorder'
       ELSE replace(availability, '_', ' ') END AS availability,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  sale_from || '/' || sale_to            AS sale_price_effective_date,
  currency,
  coalesce(condition, 'new')            AS condition,
  brand,
  gtin,
  mpn,
  google_product_category               AS product_category,
  product_type,
  color,
  size,
  material,
  pattern,
  age_group,
  gender,
  weight_g || ' g'                       AS shipping_weight
FROM item
