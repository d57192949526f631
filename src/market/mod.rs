//! Marketplaces: one file each, and the host that gives them HTTP, retry, limits and recording.
