SELECT
  sku,
  item_group_id                             AS product_id,
  title,
  sku                                       AS id,
  size,
  color,
  price_minor                               AS price,
  currency,
  json_object('country', 'DE', 'cost', 490) AS shipping,
  $site || path                             AS link
FROM item
ORDER BY item_group_id, sku
