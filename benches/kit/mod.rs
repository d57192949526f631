//! What the benchmarks share; each uses a part of it.
#![allow(dead_code)]
pub mod by_hand;
pub mod goods;
pub mod merchant;
pub mod process;
pub mod table;
