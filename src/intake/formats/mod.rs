//! What is peculiar to the exports of one program: which columns it has, and what they leave unsaid.
pub(super) mod ceneo;
pub(super) mod commerce_ml;
pub(super) mod google_feed;
pub(super) mod heureka;
pub(super) mod magento_products;
pub(super) mod order_json;
pub(super) mod order_tables;
pub(super) mod product_tables;
pub(super) mod shopify_inventory;
pub(super) mod shopify_json;
pub(super) mod shopify_products;
pub(super) mod wix_products;
pub(super) mod woocommerce_products;
pub(super) mod wordpress;
pub(super) mod yandex_yml;
