-- How many of an item can be had, and what lies in each store; its code is the id of the depot. When it arrives the shop
-- says in [channel.heureka-availability.set].
SELECT
  sku,
  sku                                   AS id,
  CASE WHEN available > 0 AND tracked = 1 THEN available END AS stock_quantity,
  (SELECT json_group_array(json_object('id', s.store_code, 'stock_quantity', s.available) ORDER BY s.store_code)
   FROM item_stock s WHERE s.sku = item.sku AND s.location_kind = 'store' AND s.available > 0) AS depot
FROM item
