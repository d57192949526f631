-- Variants follow their product: its first row names it, the others leave that empty.
SELECT
  sku,
  CASE WHEN nth = 1 THEN title END                   AS name,
  CASE WHEN nth = 1 THEN lower(item_group_id) END    AS slug,
  CASE WHEN nth = 1 THEN description END             AS description,
  NULL                                               AS assets,
  NULL                                               AS facets,
  CASE WHEN nth = 1 AND color IS NOT NULL THEN 'color' END AS optionGroups,
  color                                              AS optionValues,
  sku                                                AS article,
  price_minor                                        AS price,
  currency,
  'standard'                                         AS taxCategory,
  max(available, 0)                                  AS stockOnHand,
  'true'                                             AS trackInventory,
  NULL                                               AS variantAssets,
  NULL                                               AS variantFacets
FROM (SELECT *, row_number() OVER (PARTITION BY item_group_id ORDER BY sku) AS nth FROM item)
ORDER BY item_group_id, sku
