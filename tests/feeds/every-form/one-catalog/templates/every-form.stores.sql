SELECT 'S1' AS code, 'Berlin' AS city
