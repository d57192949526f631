SELECT
  review_id               AS sku,
  review_id,
  reviewer                AS name,
  written_at,
  content,
  rating,
  gtin,
  $site || path           AS url
FROM item_review
