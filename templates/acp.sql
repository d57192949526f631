-- How an item becomes a variant of a product in the Agentic Commerce Protocol, at what it costs today.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor,
         CASE WHEN path LIKE 'http%' THEN path ELSE $site || path END AS page
  FROM item
)
SELECT
  sku,
  item_group_id                         AS product_id,
  title                                 AS product_title,
  description                           AS product_description,
  page                                  AS product_url,
  (SELECT json_group_array(json_object('type', 'image', 'url', value)) FROM json_each(images)) AS product_media,
  sku                                   AS id,
  concat_ws(' - ', title, variant_title) AS title,
  CASE WHEN path LIKE 'http%' THEN page
       ELSE page || '?sku=' || replace(replace(replace(replace(sku, '%', '%25'), '&', '%26'), '#', '%23'), '+', '%2B')
       END                              AS url,
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
FROM priced
ORDER BY item_group_id, sku
