//! Text kernels of the hot path: plain text out of HTML, escaping, cutting, addresses.
//!
//! Each appends to a buffer of the caller's, so that a feed of a million offers allocates nothing per value. They scan
//! in blocks the compiler can vectorize and copy clean runs whole. None knows of contracts or channels.
mod address;
mod cut;
mod entity;
mod escape;
mod plain;
mod scan;

pub use address::{AddressFault, encode_address};
pub use cut::{cut_at_word, cut_at_word_bytes};
pub use entity::{Decoded, decode_entity, has_entity, named_entity};
pub use escape::{Quoting, csv_field, escape_xml_attribute, escape_xml_text, json_string, push_cdata, tsv_field};
pub use plain::{clean, plain_from_html};

/// What no feed may carry: characters XML 1.0 forbids, other controls, the byte order mark, and noncharacters.
///
/// White space controls (tab, line feed, carriage return, U+0085) are not among them: they separate words.
/// Source: XML 1.0 production 2 (Char); Unicode 23.7 (noncharacters). Google refuses whole files over such characters.
pub fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FEFF}' | '\u{FDD0}'..='\u{FDEF}' => true,
        _ => (c as u32) & 0xFFFE == 0xFFFE,
    }
}

/// Whether XML 1.0 lets a document hold this character at all.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
