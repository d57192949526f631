-- The promotions of the shop, as maps/promotions.csv tells them: its columns are attributes of the contract.
SELECT * FROM map_promotions
