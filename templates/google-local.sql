-- One row for each item in each store: what a customer can buy there today.
SELECT
  sku,                                              -- names the row in reports, and is not written
  store_code,
  sku                                   AS id,
  CASE WHEN available > 2 THEN 'in_stock'
       WHEN available > 0 THEN 'limited_availability'
       ELSE 'out_of_stock' END          AS availability,
  available                             AS quantity,
  price_minor                           AS price,
  sale_price_minor                      AS sale_price,
  sale_from || '/' || sale_to            AS sale_price_effective_date,
  currency
FROM item_stock
WHERE location_kind = 'store'
