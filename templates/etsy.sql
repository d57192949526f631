-- How an item becomes a product of an Etsy listing, at what it costs today. Which listing and which of Etsy's properties it
-- is, its attributes say; what is sold out is shown as such.
SELECT
  sku,
  attributes ->> '$.etsy_listing_id'    AS listing_id,
  attributes ->> '$.etsy_sku_on_property' AS sku_on_property,
  sku,
  attributes ->> '$.etsy_properties'    AS property_values,
  CASE currency WHEN $currency THEN today_minor END AS price,
  currency,
  quantity,
  tracked = 0 OR sells_when_out = 1 OR available > 0 AS is_enabled
FROM item
WHERE attributes ->> '$.etsy_listing_id' IS NOT NULL
