-- How an item is set up at Walmart by matching.
SELECT
  sku,
  sku,
  CASE length(gtin) WHEN 12 THEN 'UPC' WHEN 14 THEN 'GTIN' ELSE 'EAN' END AS product_id_type,
  gtin                                  AS product_id,
  CASE currency WHEN 'USD' THEN price_minor END AS price,
  currency,
  CASE WHEN weight_g > 0 THEN printf('%.2f', weight_g / 453.59237) END AS shipping_weight,
  CASE condition WHEN 'used' THEN 'Pre-Owned: Good' WHEN 'refurbished' THEN 'Restored: Good' END AS condition,
  CASE WHEN condition IN ('used', 'refurbished') THEN image END AS image
FROM item
