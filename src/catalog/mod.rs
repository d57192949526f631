//! The source of truth: one SQLite file with products, stock, prices, orders and everything waiting to be sent.
