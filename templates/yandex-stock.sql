-- What can be sold of an item. For what is sold when there is none the marketplace wants a number too.
SELECT
  sku,
  sku,
  CASE WHEN tracked = 0 OR sells_when_out = 1 THEN 999 ELSE max(available, 0) END AS count
FROM item
