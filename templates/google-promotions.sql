-- The promotions of the shop, as maps/promotions.csv tells them: its columns are attributes of the contract.
SELECT promotion_id AS sku, * FROM map_promotions
