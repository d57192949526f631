//! Bytes from wherever a merchant's file comes, unpacked within bounds, as text of a known encoding.
pub(super) mod archive;
pub mod encoding;
pub mod remote;
pub mod source;
