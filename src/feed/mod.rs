//! Feeds: run a template, shape and check its rows, write and read the documents.
