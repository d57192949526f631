//! Values that cannot be wrong: SKU, GTIN, money, currency, country, carrier, time.
