//! A channel is a contract (what it accepts) and a template (how an item becomes its row).
