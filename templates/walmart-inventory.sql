-- What can be sold of an item. For what is sold when there is none Walmart wants a number too.
SELECT
  sku,
  sku,
  quantity
FROM item
