-- The tree of categories: every level of every product type, with the ids that templates/yandex.sql makes.
WITH RECURSIVE level (product_id, depth, path, parent, name, rest) AS (
  SELECT id, 0, '', NULL, '', product_type || ' > ' FROM product WHERE status = 'active' AND product_type <> ''
  UNION ALL
  SELECT product_id, depth + 1, ltrim(path || ' > ' || substr(rest, 1, instr(rest, ' > ') - 1), ' >'), path,
         substr(rest, 1, instr(rest, ' > ') - 1), substr(rest, instr(rest, ' > ') + 3)
  FROM level WHERE rest <> '' AND depth < 15
),
category_id AS (SELECT path, parent, name, min(product_id) * 16 + depth AS id FROM level WHERE depth > 0 GROUP BY path)
SELECT c.id, p.id AS parent_id, c.name
FROM category_id c LEFT JOIN category_id p ON p.path = c.parent
ORDER BY c.path
