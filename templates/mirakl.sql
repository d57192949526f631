-- How an item becomes an offer at a Mirakl marketplace. Other conditions than new: set state in [channel.mirakl.set].
SELECT
  sku,
  sku                                   AS sku,
  gtin                                  AS product_id,
  CASE length(gtin) WHEN 12 THEN 'UPC' ELSE 'EAN' END AS product_id_type,
  CASE currency WHEN $currency THEN price_minor END AS price,
  -- What is sold when there is none is always there: the operator wants a number all the same.
  quantity,
  CASE coalesce(condition, 'new') WHEN 'new' THEN $state END AS state,
  sale_price_minor                      AS discount_price,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_from END AS discount_start_date,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_to END AS discount_end_date,
  currency,
  'update'                              AS update_delete
FROM item
