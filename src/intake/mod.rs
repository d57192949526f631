//! Other people's files in: detect, decode, read, and hand clean records to the catalog.
