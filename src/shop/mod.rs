//! A merchant's folder: purvey.toml, secrets by reference, paths.
