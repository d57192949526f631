-- How an item becomes a row of Meta's catalog feed.
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
  CASE WHEN tracked = 1 AND sells_when_out = 0 THEN max(available, 0) END AS quantity_to_sell_on_facebook,
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
  -- Axes that have no attribute of their own, as Label:Value; the two signs that divide them cannot be quoted.
  (SELECT group_concat(replace(replace(key, ',', ' '), ':', ' ') || ':' || replace(replace(value, ',', ' '), ':', ' '), ', ')
   FROM json_each(options)
   WHERE value NOT IN (coalesce(color, ''), coalesce(size, ''), coalesce(material, ''), coalesce(pattern, ''))
  )                                     AS additional_variant_attribute,
  age_group,
  gender,
  weight_g || ' g'                       AS shipping_weight
FROM item
