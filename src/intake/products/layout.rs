//! Which columns of a product table mean what: a format as data, so that a shop's own table is described like a known one.
use crate::intake::cell::Custom;
use crate::intake::cell::weight::Unit;

/// What a column of a product table may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Group,
    Sku,
    Title,
    Description,
    /// Taken where there is no description.
    ShortDescription,
    Brand,
    ProductType,
    Category,
    GoogleCategory,
    Condition,
    AgeGroup,
    Gender,
    Path,
    /// One address, or several; there may be several such columns.
    Images,
    Tags,
    Status,
    Gtin,
    Mpn,
    Price,
    SalePrice,
    CompareAt,
    SaleFrom,
    SaleTo,
    Currency,
    Cost,
    Weight,
    WeightUnit,
    Quantity,
    SellsWhenOut,
    AvailabilityDate,
}

/// Names of meanings, as mapping files and `--explain` call them; in the order in which the wizard lists them.
pub const MEANINGS: &[(&str, Meaning)] = &[
    ("sku", Meaning::Sku),
    ("item_group_id", Meaning::Group),
    ("title", Meaning::Title),
    ("description", Meaning::Description),
    ("short_description", Meaning::ShortDescription),
    ("brand", Meaning::Brand),
    ("price", Meaning::Price),
    ("sale_price", Meaning::SalePrice),
    ("compare_at_price", Meaning::CompareAt),
    ("sale_from", Meaning::SaleFrom),
    ("sale_to", Meaning::SaleTo),
    ("currency", Meaning::Currency),
    ("cost", Meaning::Cost),
    ("quantity", Meaning::Quantity),
    ("gtin", Meaning::Gtin),
    ("mpn", Meaning::Mpn),
    ("image", Meaning::Images),
    ("path", Meaning::Path),
    ("product_type", Meaning::ProductType),
    ("category", Meaning::Category),
    ("google_product_category", Meaning::GoogleCategory),
    ("tags", Meaning::Tags),
    ("condition", Meaning::Condition),
    ("age_group", Meaning::AgeGroup),
    ("gender", Meaning::Gender),
    ("weight", Meaning::Weight),
    ("weight_unit", Meaning::WeightUnit),
    ("status", Meaning::Status),
    ("sells_when_out", Meaning::SellsWhenOut),
    ("availability_date", Meaning::AvailabilityDate),
];

impl Meaning {
    pub fn parse(name: &str) -> Option<Meaning> {
        MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
    }

    pub fn as_str(self) -> &'static str {
        MEANINGS.iter().find(|(_, meaning)| *meaning == self).map_or("", |(name, _)| name)
    }
}

/// How a format writes its product tables. Columns are named as in [`Format`](crate::intake::detect::Format): `a|b` is either;
/// `{currency}` stands for the shop's own.
#[derive(Debug, Clone)]
pub struct Layout<'l> {
    pub source: &'l str,
    pub columns: &'l [(Meaning, &'l str)],
    /// Columns are called just so: `|` and `*` stand for themselves.
    pub is_exact: bool,
    /// Option axes by their own column: `("Color", "color|colour")`.
    pub options: &'l [(&'l str, &'l str)],
    /// Option axes of which one column holds the name and another the choice.
    pub named_options: &'l [(&'l str, &'l str)],
    /// Attributes of the product.
    pub attributes: &'l [(&'l str, &'l str)],
    /// What records have in common without a column for it.
    pub constants: &'l [(Meaning, &'l str)],
    /// A record without SKU and choices is about the product, not about a variant.
    pub has_product_records: bool,
    pub custom: Custom,
    /// Where neither the column nor the cell names one.
    pub weight_unit: Option<Unit>,
    /// What addresses that are only a path begin with.
    pub image_base: Option<&'l str>,
    /// What parts several addresses or tags in one cell.
    pub separators: &'l [char],
}

impl Layout<'static> {
    pub const PLAIN: Layout<'static> = Layout {
        source: "products",
        columns: &[],
        is_exact: false,
        options: &[],
        named_options: &[],
        attributes: &[],
        constants: &[],
        has_product_records: false,
        custom: Custom::People,
        weight_unit: None,
        image_base: None,
        separators: &[',', ';', '|', '\n'],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_meanings_are_one_to_one() {
        for (name, meaning) in MEANINGS {
            assert_eq!(Meaning::parse(name), Some(*meaning));
            assert_eq!(meaning.as_str(), *name);
        }
    }
}
