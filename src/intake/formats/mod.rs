//! What is peculiar to the exports of one program: which columns it has, and what they leave unsaid.
//!
//! The `.toml` beside them describe documents of offers: see `offers/description`.
pub(super) mod commerce_ml;
pub(super) mod magento_products;
pub(super) mod order_json;
pub(super) mod order_tables;
pub(super) mod prestashop;
pub(super) mod product_tables;
pub(super) mod shopify_inventory;
pub(super) mod shopify_json;
pub(super) mod shopify_products;
pub(super) mod wix_products;
pub(super) mod woocommerce_products;
pub(super) mod wordpress;
