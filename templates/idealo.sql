-- How an item becomes a row of idealo's CSV: what can be bought today, at what it costs today.
SELECT
  sku,                                  -- names the row in reports
  sku                                   AS sku,
  brand,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS title,
  coalesce(category, product_type)      AS categoryPath,
  link                                  AS url,
  description,
  gtin                                  AS eans,
  mpn                                   AS hans,
  pictures                              AS imageUrls,
  size,
  color                                 AS colour,
  upper(gender)                         AS gender,
  material,
  CASE condition WHEN 'used' THEN 'true' END AS used,
  CASE WHEN currency IN ('EUR', 'GBP') THEN printf('%d.%02d', today_minor / 100, today_minor % 100) END AS price,
  CASE WHEN today_minor < price_minor THEN printf('%d.%02d', price_minor / 100, price_minor % 100) END AS formerPrice,
  $delivery                             AS delivery,
  $delivery_costs                       AS deliveryCosts_dhl
FROM item
WHERE availability = 'in_stock'
