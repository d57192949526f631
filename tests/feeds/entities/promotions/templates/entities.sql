SELECT
  id                        AS sku,
  id                        AS promotion_id,
  country,
  title,
  CAST(percent AS INTEGER)  AS percent_off
FROM map_promotions
