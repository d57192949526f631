SELECT sku, sku AS id, title, price_minor AS price, currency FROM item ORDER BY sku
