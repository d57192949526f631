//! Marketplaces: one file each, and the host that gives them HTTP, retry, limits and recording.
//!
//! A connector is what is peculiar to one marketplace: its wire types, what to send, what came back. It never sees the
//! catalog, the clock or a socket: it takes and returns the plain types below, and reaches out only through a
//! [`Port`]. State lives in the catalog, never in the connector, so the same code runs against the sandbox, a
//! recording, a contract server and the real thing.
pub mod connector;
mod secret;

pub use connector::*;
pub use secret::Secret;
