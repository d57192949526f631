-- How an item becomes an offer at eBay, at what it costs today.
WITH priced AS (
  SELECT *, CASE WHEN sale_price_minor IS NOT NULL AND coalesce(sale_from, $now) <= $now AND coalesce(sale_to, $now) >= $now
                 THEN sale_price_minor ELSE price_minor END AS today_minor
  FROM item
)
SELECT
  sku,
  sku,
  -- Map your own in [channel.ebay-offers.set].
  attributes ->> '$.ebay_category'      AS category_id,
  CASE WHEN tracked = 0 OR sells_when_out = 1 THEN 999 ELSE max(available, 0) END AS quantity,
  today_minor                           AS price,
  currency
FROM priced
