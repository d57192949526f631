-- German titles, the shop's own addresses, shipping for two countries.
SELECT
  sku,
  lower(sku)                         AS id,
  title || ' kaufen'                 AS title,
  description,
  $site || $site_path || lower(sku)  AS link,
  image                              AS image_link,
  availability,
  price_minor                        AS price,
  currency,
  brand,
  mpn,
  json_array(
    json_object('country', 'DE', 'service', 'DHL', 'price', '4.90 EUR'),
    json_object('country', 'AT', 'price', '9.90 EUR')
  )                                  AS shipping,
  json_array('Warm light', 'Made to last') AS product_highlight
FROM item
WHERE price_minor > 0
