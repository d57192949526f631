-- How an item becomes an offer at eBay, at what it costs today.
SELECT
  sku,
  sku,
  -- Map your own in [channel.ebay-offers.set].
  attributes ->> '$.ebay_category'      AS category_id,
  quantity,
  today_minor                           AS price,
  currency
FROM item
