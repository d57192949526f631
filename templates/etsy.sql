-- How an item becomes a product of an Etsy listing, at what it costs today. Which listing and which of Etsy's properties it
-- is, its attributes say; what is sold out is shown as such.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
)
SELECT
  sku,
  attributes ->> '$.etsy_listing_id'    AS listing_id,
  attributes ->> '$.etsy_sku_on_property' AS sku_on_property,
  sku,
  attributes ->> '$.etsy_properties'    AS property_values,
  CASE currency WHEN $currency THEN today_minor END AS price,
  currency,
  CASE WHEN tracked = 0 OR sells_when_out = 1 THEN 999 ELSE max(available, 0) END AS quantity,
  tracked = 0 OR sells_when_out = 1 OR available > 0 AS is_enabled
FROM priced
WHERE attributes ->> '$.etsy_listing_id' IS NOT NULL
ORDER BY attributes ->> '$.etsy_listing_id', sku
