-- How an item becomes a row of Google's product feed. The contract (feeds/google.toml) gives each value its shape.
-- One attribute is changed in purvey.toml ([channel.google.set]); a file of this name in the shop replaces this one.
SELECT
  sku,                                              -- every template starts so: it names the row in reports, and is not written
  sku                                   AS id,
  item_group_id,
  concat_ws(' - ', title, variant_title) AS title,
  coalesce(description, title)          AS description,
  link,
  image                                 AS image_link,
  images                                AS additional_image_link,
  availability,
  availability_date,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  sale_from || '/' || sale_to            AS sale_price_effective_date,
  currency,
  cost_minor                            AS cost_of_goods_sold,
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
  options                               AS variant_options,
  age_group,
  gender,
  weight_g || ' g'                       AS shipping_weight
FROM item
