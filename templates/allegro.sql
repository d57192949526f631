-- How an item becomes an offer at Allegro, at what it costs today.
SELECT
  sku,
  sku,
  concat_ws(' ', title, replace(variant_title, ' / ', ' ')) AS name,
  gtin,
  today_minor                           AS price,
  currency,
  quantity,
  pictures                              AS images,
  $handling_time                        AS handling_time,
  $shipping_rates                       AS shipping_rates
FROM item
