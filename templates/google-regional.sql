-- One row for each item in each region it has a price for: price lists called region-X are those of region X.
SELECT
  item.sku,
  substr(item_price.price_list, 8)      AS region_id,
  item.sku                              AS id,
  CASE item.availability WHEN 'out_of_stock' THEN 'out_of_stock' ELSE 'in_stock' END AS availability,
  item_price.price_minor                AS price,
  item_price.sale_price_minor           AS sale_price,
  item_price.sale_from || '/' || item_price.sale_to AS sale_price_effective_date,
  item_price.currency
FROM item JOIN item_price ON item_price.sku = item.sku
WHERE item_price.price_list LIKE 'region-%'
