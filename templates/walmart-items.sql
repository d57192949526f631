-- How an item is set up whole at Walmart. Key features are the tags of the product: set your own in [channel.walmart-items.set].
SELECT
  sku,
  sku,
  CASE length(gtin) WHEN 12 THEN 'UPC' WHEN 14 THEN 'GTIN' ELSE 'EAN' END AS product_id_type,
  gtin                                  AS product_id,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS name,
  brand,
  CASE currency WHEN 'USD' THEN price_minor END AS price,
  currency,
  CASE WHEN weight_g > 0 THEN printf('%.2f', weight_g / 453.59237) END AS shipping_weight,
  description,
  image,
  images                                AS more_images,
  tags                                  AS key_features,
  color
FROM item
