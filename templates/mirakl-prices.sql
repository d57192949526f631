-- The price of an item, and that of each price list called channel-X for the operator's channel X.
SELECT
  sku,
  sku                                   AS offer_sku,
  CASE currency WHEN $currency THEN price_minor END AS price,
  sale_price_minor                      AS discount_price,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_from END AS discount_start_date,
  CASE WHEN sale_price_minor IS NOT NULL THEN sale_to END AS discount_end_date,
  NULL                                  AS channels,
  currency
FROM item
UNION ALL
SELECT item.sku, item.sku, p.price_minor, p.sale_price_minor,
       CASE WHEN p.sale_price_minor IS NOT NULL THEN p.sale_from END,
       CASE WHEN p.sale_price_minor IS NOT NULL THEN p.sale_to END,
       substr(p.price_list, 9), p.currency
FROM item JOIN item_price p ON p.sku = item.sku
WHERE p.price_list LIKE 'channel-%' AND p.currency = $currency
