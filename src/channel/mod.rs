//! A channel is a contract (what it accepts) and a template (how an item becomes its row).
//!
//! Both are data: `feeds/<name>.toml` and `templates/<name>.sql`, embedded in the binary; a shop's own `feeds/` and
//! `templates/` override or add to them. This room loads the two, checks one against the other before the first row,
//! and points into the file at what is wrong. Running the result is the business of `feed`.
mod assemble;
mod attribute;
mod columns;
mod compile;
mod contract;
mod form;
mod format;
mod given;
mod guard;
mod overlay;
mod pattern;
mod rule;
mod scaffold;
mod schema;
mod section;
mod selection;
mod settings;
mod stock;
mod taxonomy;

pub use assemble::ITEM_MORE;
pub use attribute::{Attribute, Over, Type, Unit};
pub use compile::{Column, Compiled, Source};
pub use contract::{Contract, Missing, Unsent};
pub use form::{Form, Named, TwoPlaces};
pub use format::{
    Constant, Delimited, Format, Json, JsonShape, LineEnding, Naming, Nest, OpenElement, Placing, Quoted, Shard, Xml,
};
pub use given::{Given, Giver, Origin};
pub use guard::Guarded;
pub use pattern::Pattern;
pub use rule::{Condition, Demand, Rule, Test};
pub use scaffold::{Scaffold, scaffold, section as scaffold_section};
pub use schema::SCHEMA;
pub use section::{Section, SectionRows, SectionTemplate, listed, text_of};
pub use selection::Counts;
pub use settings::{Compression, Parameter, Settings};
pub use stock::{Channel, names};
pub use taxonomy::{Publisher, Taxonomy};

/// A TOML fault with its line, column and caret.
pub use contract::syntax as toml_fault;
