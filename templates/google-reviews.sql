-- How a review in the catalog becomes one of Google's feed.
WITH told AS (
  SELECT *, CASE WHEN path LIKE 'http%' THEN path ELSE $site || path END AS page
  FROM item_review
)
SELECT
  review_id                             AS sku,
  review_id,
  json_object('is_anonymous', CASE WHEN reviewer IS NULL THEN 'true' ELSE 'false' END, 'name', coalesce(reviewer, 'Anonymous')) AS reviewer,
  written_at                            AS review_timestamp,
  title,
  content,
  json_object('type', CASE WHEN url IS NULL THEN 'group' ELSE 'singleton' END, 'url', coalesce(url, page)) AS review_url,
  json_object('min', 1, 'max', 5, 'overall', rating) AS rating,
  gtin,
  mpn,
  sku                                   AS product_sku,
  brand,
  product_title                         AS product_name,
  page                                  AS product_url
FROM told
