-- What can be sold of an item. For what is sold when there is none the marketplace wants a number too.
SELECT
  sku,
  sku,
  quantity                              AS count
FROM item
