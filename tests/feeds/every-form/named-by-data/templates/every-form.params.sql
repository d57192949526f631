SELECT DISTINCT key AS name FROM item, json_each(item.options) ORDER BY key
