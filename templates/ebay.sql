-- How an item becomes a row of eBay's combined feed, at what it costs today.
WITH priced AS (
  SELECT *, count(*) OVER (PARTITION BY item_group_id) > 1 AS varies
  FROM item
)
SELECT
  sku,
  sku,
  $locale                               AS localized_for,
  CASE WHEN varies THEN item_group_id END AS group_id,
  CASE WHEN varies THEN options END     AS variation,
  CASE WHEN varies THEN title ELSE concat_ws(' ', title, variant_title) END AS title,
  coalesce(description, title)          AS description,
  pictures                              AS picture,
  CASE length(gtin) WHEN 12 THEN gtin END AS upc,
  CASE WHEN length(gtin) IN (8, 13) THEN gtin END AS ean,
  mpn,
  brand,
  json_patch(CASE WHEN varies THEN '{}' ELSE options END,
             json_object('Brand', brand, 'MPN', mpn, 'Material', material)) AS aspect,
  CASE coalesce(condition, 'new') WHEN 'new' THEN 'NEW' WHEN 'refurbished' THEN 'SELLER_REFURBISHED' WHEN 'used' THEN 'USED_GOOD' END AS condition,
  CASE WHEN weight_g IS NOT NULL THEN 'METRIC' END AS measurement_system,
  weight_g / 1000                       AS weight_major,
  weight_g % 1000                       AS weight_minor,
  quantity,
  $channel_id                           AS channel_id,
  -- Map your own in [channel.ebay.set].
  attributes ->> '$.ebay_category'      AS category,
  $shipping_policy                      AS shipping_policy,
  $payment_policy                       AS payment_policy,
  $return_policy                        AS return_policy,
  CASE currency WHEN $currency THEN today_minor END AS list_price,
  CASE WHEN today_minor < price_minor THEN price_minor END AS strikethrough_price,
  currency
FROM priced
