//! What the benchmarks share.
pub mod goods;
pub mod process;
