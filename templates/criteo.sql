-- How an item becomes a row of Criteo's product feed.
WITH priced AS (
  -- Bare decimals are made for currencies of a hundred parts, not for those of none or a thousand.
  SELECT *, currency NOT IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF',
                             'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') AS cents
  FROM item
)
SELECT
  sku,
  replace(sku, '-', '_')                AS id,      -- no hyphen may stand in it; the tag on the page must say the same
  CASE WHEN item_group_id <> sku THEN item_group_id END AS item_group_id,
  concat_ws(' - ', title, variant_title) AS title,
  description,
  link,
  image                                 AS image_link,
  CASE availability WHEN 'in_stock' THEN 'In Stock' ELSE 'Out of Stock' END AS availability,
  CASE WHEN cents = 1 THEN printf('%d.%02d', price_minor / 100, price_minor % 100) END AS price,
  CASE WHEN cents = 1 AND today_minor <> price_minor THEN printf('%d.%02d', today_minor / 100, today_minor % 100) END AS sale_price,
  brand,
  gtin,
  mpn,
  google_product_category,
  product_type,
  (SELECT group_concat(replace(replace(replace(key || '=' || value, ',', ' '), '|', ' '), '  ', ' ')) FROM json_each(options)) AS filters
FROM priced
