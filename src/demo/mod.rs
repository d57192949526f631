//! The whole road on an example shop and a sandbox marketplace, for a newcomer.
