-- How an item becomes a variant of a product in the Agentic Commerce Protocol, at what it costs today.
SELECT
  sku,
  item_group_id                         AS product_id,
  title                                 AS product_title,
  description                           AS product_description,
  page                                  AS product_url,
  (SELECT json_group_array(json_object('type', 'image', 'url', value)) FROM json_each(images)) AS product_media,
  sku                                   AS id,
  concat_ws(' - ', title, variant_title) AS title,
  link                                  AS url,
  CASE WHEN gtin IS NOT NULL THEN json_object('type', 'GTIN', 'value', gtin) END AS barcodes,
  today_minor                           AS price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS list_price,
  currency,
  availability <> 'out_of_stock'        AS available,
  availability                          AS status,
  CASE WHEN coalesce(category, product_type) IS NOT NULL THEN json_object('value', coalesce(category, product_type), 'taxonomy', 'merchant') END AS categories,
  coalesce(condition, 'new')            AS condition,
  options                               AS variant_options,
  CASE WHEN image IS NOT NULL THEN json_object('type', 'image', 'url', image) END AS media,
  $shop                                 AS seller
FROM item
