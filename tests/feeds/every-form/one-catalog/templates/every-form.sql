SELECT
  sku,
  sku                          AS id,
  title,
  CASE sku WHEN 'LAMP' THEN 2 WHEN 'PILLAR' THEN 1 ELSE 7 END AS category,
  description,
  price_minor                  AS price,
  CASE sku WHEN 'LAMP' THEN price_minor - 500 END AS sale_price,
  currency,
  currency                     AS currency_code,
  max(available, 0)            AS stock,
  available > 0                AS deliverable,
  'new'                        AS condition,
  '2026-11-27T09:00:00Z'       AS available_from,
  2.5                     || '' AS weight,
  images                       AS image,
  json_object('Color', CASE sku WHEN 'LAMP' THEN 'brass: old' ELSE 'white' END) AS param,
  json_array(json_object('country', 'DE', 'cost', 490), json_object('country', 'AT', 'cost', 990)) AS shipping
FROM item
