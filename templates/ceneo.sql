-- How an item becomes an offer at Ceneo: what can be had, at what it costs today. What is sold out is not told.
SELECT
  sku,
  sku                                   AS id,
  link                                  AS url,
  CASE currency WHEN 'PLN' THEN today_minor END AS price,
  currency,
  -- Another day than at once: set avail in [channel.ceneo.set].
  CASE availability WHEN 'in_stock' THEN '1' ELSE '99' END AS avail,
  CASE WHEN weight_g > 0 THEN printf('%d.%03d', weight_g / 1000, weight_g % 1000) END AS weight,
  CASE WHEN tracked = 1 AND available > 0 THEN available END AS stock,
  -- A slash divides the levels, so none may stand in a level's name.
  replace(replace(coalesce(category, product_type), '/', ','), ' > ', '/') AS cat,
  concat_ws(' ', CASE WHEN title NOT LIKE brand || '%' THEN brand END, title, replace(variant_title, ' / ', ' ')) AS name,
  CASE WHEN image IS NOT NULL THEN json_object('url', image) END AS image,
  (SELECT json_group_array(json_object('url', value)) FROM json_each(images) WHERE value <> image) AS images,
  description                           AS desc,
  json_patch(coalesce(options, '{}'), json_object('Producent', brand, 'Kod_producenta', mpn, 'EAN', gtin)) AS attrs
FROM item
WHERE availability <> 'out_of_stock'
