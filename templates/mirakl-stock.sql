-- What can be sold, in all or in each warehouse. For what is sold when there is none the operator wants a number too.
SELECT
  sku,
  sku                                   AS offer_sku,
  quantity,
  NULL                                  AS warehouse_code,
  'update'                              AS update_delete
FROM item
WHERE $by = 'total'
UNION ALL
SELECT sku, sku, max(available, 0), store_code, 'update'
FROM item_stock
WHERE $by = 'warehouse' AND location_kind = 'warehouse'
