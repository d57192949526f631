-- What can be sold of an item from each warehouse; the location's code is the id of the ship node.
SELECT
  sku,
  sku,
  json_group_array(json_object('ship_node', store_code, 'unit', 'EACH', 'amount', max(available, 0)) ORDER BY store_code) AS ship_nodes
FROM item_stock
WHERE location_kind = 'warehouse'
GROUP BY sku
