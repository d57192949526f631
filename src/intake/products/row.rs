//! What one record of a product file says, in the catalog's words, whatever format it came from.
use crate::catalog::{Carried, Item, ItemGroup};
use crate::diagnostic::{Place, Result as Fallible};
use crate::intake::findings::Refusal;
use crate::intake::rows::table::Record;
use crate::value::{Invalid, Sku};
use serde::{Deserialize, Serialize};

/// One record.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProductRow {
    /// The merchant's key of the product.
    pub group: String,
    /// What the variants share; read where the key differs from that of the record before.
    pub shared: Option<ItemGroup>,
    /// Names of the option axes; empty where the record leaves them to the first of its product.
    pub names: Vec<String>,
    /// The SKU as it stands in the file, also when the record is refused: it has not vanished.
    pub sku: Option<Sku>,
    /// `None` for a record that only adds images.
    pub variant: Result<Option<Variant>, Refusal>,
    pub images: Vec<Image>,
}

impl ProductRow {
    /// Of a record that is no item and adds nothing to one, or is kept back for [`ProductReader::late`].
    pub fn nothing() -> Self {
        let (group, names, images) = (String::new(), Vec::new(), Vec::new());
        ProductRow { group, shared: None, names, sku: None, variant: Ok(None), images }
    }

    pub fn is_nothing(&self) -> bool {
        self.group.is_empty()
    }
}

/// A row whose product was named only by a later record.
#[derive(Serialize, Deserialize)]
pub struct Late {
    pub row: ProductRow,
    pub stood: Stood,
}

/// Where the record of a late row stood.
#[derive(Serialize, Deserialize)]
pub struct Stood {
    pub record: u64,
    pub line: u64,
    pub digest: u64,
    whole: Place,
    places: Vec<(Field, Place)>,
}

impl Late {
    pub fn new(row: ProductRow, record: &Record<'_>, reader: &dyn ProductReader) -> Late {
        let fields = [Field::Group, Field::Sku, Field::Gtin, Field::Title];
        let places = fields.into_iter().filter_map(|field| Some((field, record.place(reader.column(field)?))));
        let (number, line, digest) = (record.number, record.line, record.digest());
        let stood = Stood { record: number, line, digest, whole: record.whole(), places: places.collect() };
        Late { row, stood }
    }
}

impl Stood {
    pub fn place(&self, field: Field) -> Place {
        self.places.iter().find(|(known, _)| *known == field).map_or(&self.whole, |(_, place)| place).clone()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Variant {
    /// Its options are filled in from the names of the axes and `choices`.
    pub item: Item,
    /// The SKU was made by [`made_sku`].
    pub sku_is_made: bool,
    pub choices: Vec<String>,
    /// Units, where the file counts them without a location.
    pub quantity: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub position: u32,
    pub address: String,
}

/// A cell that may be pointed at after the record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    Group,
    Sku,
    Gtin,
    Title,
    /// The n-th option axis, from 0.
    OptionName(usize),
}

/// One format of product tables.
pub trait ProductReader {
    /// The name of the format.
    fn source(&self) -> &str;

    /// What files of this format, and of this header, carry.
    fn carried(&self) -> &Carried;

    fn column(&self, field: Field) -> Option<usize>;

    /// Whether the variant of a record has a SKU; `None` for a record without a variant.
    fn has_sku(&self, record: &Record<'_>) -> Option<bool>;

    /// `Err` when not even the key can be read.
    fn read(
        &mut self,
        record: &Record<'_>,
        findings: &mut crate::intake::findings::Findings<'_>,
    ) -> Result<ProductRow, Refusal>;

    /// Whether the file speaks of a SKU that another file of its shop has.
    fn covers(&self, _sku: &str) -> bool {
        false
    }

    /// A row that was kept back until now; at the end, any that is left.
    ///
    /// Errors: those of keeping what has to be remembered.
    fn late(&mut self, _is_end: bool) -> Fallible<Option<Late>> {
        Ok(None)
    }
}

/// The one choice of a product without options.
pub const NO_CHOICE: &str = "Default Title";

/// The SKU of a variant to which its shop gave none: the key of its product, and its choices after slashes, as in
/// `linen-shirt/Blue/M`. It stays the same as long as these do.
pub fn made_sku(group: &str, choices: &[String]) -> Result<Sku, Invalid> {
    let choices = choices.iter().map(String::as_str).filter(|choice| !choice.is_empty() && *choice != NO_CHOICE);
    Sku::parse(&std::iter::once(group).chain(choices).collect::<Vec<_>>().join("/"))
}
