SELECT 1 AS id, NULL AS parent_id, 'Light' AS name
UNION ALL
SELECT 2, 1, 'Lamps of ' || $shop WHERE EXISTS (SELECT 1 FROM item)
ORDER BY id
