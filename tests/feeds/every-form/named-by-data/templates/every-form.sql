SELECT
  sku,
  sku                                        AS id,
  options                                    AS param,
  options                                    AS facts,
  json_array(json_object('country', 'DE', 'cost', 490, 'days', 2)) AS shipping,
  json_array('a', 'b')                       AS tag,
  currency
FROM item
ORDER BY sku
