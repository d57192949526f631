//! A product table by its [`Layout`]: one record for each variant, with what its product has in common beside it.
//!
//! Records with one `item_group_id` are one product; where a record names none, its SKU is its product. What variants
//! share is read from the first of them.
use super::cell::gtin;
use super::layout::{Layout, Meaning};
use super::row::{Field, Image, ProductReader, ProductRow, Variant, made_sku};
use crate::catalog::{Carried, Item, ItemGroup, ProductField, Status, VariantField};
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::intake::cell::weight::{self, Unit};
use crate::intake::cell::{self, Custom};
use crate::intake::detect::column;
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::rows::table::{Record, Table};
use crate::value::{Currency, Invalid, Sku};
use serde_json::{Map, Value};

pub struct ProductTable {
    source: String,
    columns: Vec<(Meaning, usize)>,
    /// Name and column of each axis.
    options: Vec<(String, usize)>,
    /// Columns of name and choice of each axis.
    named_options: Vec<(usize, usize)>,
    attributes: Vec<(String, usize)>,
    constants: Vec<(Meaning, String)>,
    has_product_records: bool,
    currency: Currency,
    custom: Custom,
    zone: Option<jiff::tz::TimeZone>,
    weight_unit: Option<Unit>,
    image_base: Option<String>,
    separators: Vec<char>,
    carried: Carried,
    /// Key of the record before.
    group: String,
}

impl ProductTable {
    pub fn new(layout: &Layout<'_>, mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let table = mapping.table();
        let locate = |wanted: &str| if layout.is_exact { table.find(wanted) } else { column(table, wanted) };
        let mut columns: Vec<(Meaning, usize)> = Vec::new();
        for (meaning, wanted) in layout.columns {
            let wanted = wanted.replace("{currency}", options.currency.code());
            // images may fill several columns; of other names the first that is there is meant
            let names =
                wanted.split('|').filter(|_| *meaning == Meaning::Images && !layout.is_exact).chain([wanted.as_str()]);
            for name in names {
                let found = locate(name);
                if let Some(at) = found.filter(|at| columns.iter().all(|(_, taken)| taken != at)) {
                    mapping.take(at, meaning.as_str());
                    columns.push((*meaning, at));
                }
            }
        }
        let mut find = |(name, wanted): &(&str, &str), what: &str| {
            let at = locate(wanted)?;
            mapping.take(at, format!("{what} {name}"));
            Some(((*name).to_owned(), at))
        };
        let options_found: Vec<_> = layout.options.iter().filter_map(|pair| find(pair, "option")).collect();
        let attributes: Vec<_> = layout.attributes.iter().filter_map(|pair| find(pair, "attribute")).collect();
        let named_options = layout.named_options.iter().filter_map(|(name, choice)| {
            Some((mapping.find(name, "option axis")?, mapping.find(choice, "option choice")?))
        });
        let mut table = ProductTable {
            source: layout.source.to_owned(),
            named_options: named_options.collect(),
            options: options_found,
            attributes,
            constants: layout.constants.iter().map(|(meaning, text)| (*meaning, (*text).to_owned())).collect(),
            has_product_records: layout.has_product_records,
            currency: options.currency,
            custom: if options.local_prices { Custom::People } else { layout.custom },
            zone: options.zone.clone(),
            weight_unit: layout.weight_unit.or(options.weight_unit),
            image_base: layout.image_base.map(str::to_owned),
            separators: layout.separators.to_vec(),
            carried: Carried { product: Vec::new(), variant: Vec::new() },
            group: String::new(),
            columns,
        };
        if let Some(at) = table.at(Meaning::Weight) {
            let named = mapping.table().header().get(at).and_then(|column| Unit::of_column(&column.name));
            table.weight_unit = named.or(table.weight_unit);
        }
        table.carried = table.find_carried();
        table
    }

    fn find_carried(&self) -> Carried {
        use Meaning as M;
        const PRODUCT: &[(Meaning, ProductField)] = &[
            (M::Title, ProductField::Title),
            (M::Description, ProductField::Description),
            (M::ShortDescription, ProductField::Description),
            (M::Brand, ProductField::Brand),
            (M::ProductType, ProductField::ProductType),
            (M::Category, ProductField::Category),
            (M::GoogleCategory, ProductField::GoogleProductCategory),
            (M::Condition, ProductField::Condition),
            (M::AgeGroup, ProductField::AgeGroup),
            (M::Gender, ProductField::Gender),
            (M::Path, ProductField::Path),
            (M::Images, ProductField::Images),
            (M::Tags, ProductField::Tags),
            (M::Status, ProductField::Status),
        ];
        const VARIANT: &[(Meaning, VariantField)] = &[
            (M::Gtin, VariantField::Gtin),
            (M::Mpn, VariantField::Mpn),
            (M::Price, VariantField::Price),
            (M::Price, VariantField::Currency),
            (M::SalePrice, VariantField::SalePrice),
            (M::CompareAt, VariantField::SalePrice),
            (M::SaleFrom, VariantField::SaleFrom),
            (M::SaleTo, VariantField::SaleTo),
            (M::Cost, VariantField::Cost),
            (M::Weight, VariantField::Weight),
            (M::SellsWhenOut, VariantField::SellsWhenOut),
            (M::AvailabilityDate, VariantField::AvailabilityDate),
        ];
        let has = |meaning: &Meaning| {
            self.at(*meaning).is_some() || self.constants.iter().any(|(constant, _)| constant == meaning)
        };
        let mut product: Vec<_> = PRODUCT.iter().filter(|(m, _)| has(m)).map(|(_, field)| *field).collect();
        product.dedup();
        let mut variant: Vec<_> = VARIANT.iter().filter(|(m, _)| has(m)).map(|(_, field)| *field).collect();
        variant.dedup();
        if !self.attributes.is_empty() {
            product.push(ProductField::Attributes);
        }
        if !self.options.is_empty() || !self.named_options.is_empty() {
            variant.push(VariantField::Options);
        }
        // a variant that is in the file is not archived, whatever was done when it was missing
        variant.push(VariantField::Status);
        Carried { product, variant }
    }

    /// For a format that knows more than its layout says.
    pub fn carries(&mut self, product: &[ProductField], variant: &[VariantField]) {
        let missing = product.iter().filter(|field| !self.carried.product.contains(field));
        let missing: Vec<_> = missing.copied().collect();
        self.carried.product.extend(missing);
        let missing: Vec<_> = variant.iter().filter(|field| !self.carried.variant.contains(field)).copied().collect();
        self.carried.variant.extend(missing);
    }

    /// What is to be said about the header.
    pub fn doubts(&self, table: &Table) -> Option<Diagnostic> {
        let column = table.header().get(self.at(Meaning::Price)?)?;
        let is_net = column.name.to_lowercase().contains("tax excl");
        is_net.then(|| {
            let place = Place::file(table.file()).record(1).line(1).attribute(&column.name);
            Diagnostic::warning("import/net-price", "prices are without tax here, and are read as they stand")
                .at(place)
                .help("export prices with tax, if your channels ask for those buyers pay")
        })
    }

    pub fn at(&self, meaning: Meaning) -> Option<usize> {
        self.columns.iter().find(|(found, _)| *found == meaning).map(|(_, at)| *at)
    }

    /// The cell, else the constant.
    pub fn text<'r>(&'r self, record: &Record<'r>, meaning: Meaning) -> &'r str {
        let text = record.text(self.at(meaning));
        let constant = || self.constants.iter().find(|(found, _)| *found == meaning);
        if text.is_empty() { constant().map_or("", |(_, text)| text) } else { text }
    }

    pub fn refuse(&self, record: &Record<'_>, meaning: Meaning, invalid: Invalid) -> Refusal {
        match self.at(meaning) {
            Some(at) => cell::refusal(record, at, invalid),
            None => Box::new(Diagnostic::from(invalid).at(record.whole())),
        }
    }

    /// `None` where the record has none.
    pub fn sku(&self, record: &Record<'_>) -> Result<Option<Sku>, Refusal> {
        let text = cell::sku_text(record, self.at(Meaning::Sku));
        if text.is_empty() {
            return Ok(None);
        }
        Sku::parse(text).map(Some).map_err(|invalid| self.refuse(record, Meaning::Sku, invalid))
    }

    pub fn shared(&self, key: &str, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ItemGroup, Refusal> {
        let word = |meaning| owned(self.text(record, meaning));
        let lower = |meaning| owned(&self.text(record, meaning).to_lowercase());
        let description = cell::html(record, self.at(Meaning::Description), findings);
        let attribute = |(key, at): &(String, usize)| Some((key.clone(), Value::from(cell::word(record, Some(*at))?)));
        Ok(ItemGroup {
            item_group_id: key.to_owned(),
            title: cell::plain(record, self.at(Meaning::Title), findings).unwrap_or_default(),
            description: description.or_else(|| word(Meaning::ShortDescription)),
            brand: word(Meaning::Brand),
            product_type: word(Meaning::ProductType),
            category: word(Meaning::Category),
            google_product_category: word(Meaning::GoogleCategory),
            condition: lower(Meaning::Condition),
            age_group: lower(Meaning::AgeGroup),
            gender: lower(Meaning::Gender),
            path: word(Meaning::Path),
            images: Vec::new(),
            tags: self.parts(self.text(record, Meaning::Tags)).map(str::to_owned).collect(),
            attributes: self.attributes.iter().filter_map(attribute).collect(),
            status: self.status(record)?,
        })
    }

    fn parts<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let parts = text.split(|c| self.separators.contains(&c)).map(str::trim);
        parts.filter(|part| !part.is_empty())
    }

    fn status(&self, record: &Record<'_>) -> Result<Status, Refusal> {
        match self.text(record, Meaning::Status).to_lowercase().as_str() {
            "" | "active" | "published" | "enabled" | "1" | "true" | "yes" | "visible" => Ok(Status::Active),
            "draft" | "disabled" | "private" | "proposed" | "0" | "-1" | "'-1" | "false" | "no" | "hidden" => {
                Ok(Status::Draft)
            }
            "archived" | "rejected" => Ok(Status::Archived),
            _ => {
                let help = "write active, draft or archived";
                let invalid = Invalid::new("import/status", "this is not a status of a product", help);
                Err(self.refuse(record, Meaning::Status, invalid))
            }
        }
    }

    /// All addresses of the record, in their order; those that lead nowhere without the shop are told once.
    pub fn images(&self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Vec<String>, Refusal> {
        let mut images = Vec::new();
        for (_, at) in self.columns.iter().filter(|(meaning, _)| *meaning == Meaning::Images) {
            let text = record.text(Some(*at)).trim_matches(['[', ']']);
            for part in self.addresses(text) {
                let part = part.trim_matches('"');
                let whole = match &self.image_base {
                    _ if part.contains("://") => part.to_owned(),
                    Some(base) => format!("{}/{}", base.trim_end_matches('/'), part.trim_start_matches('/')),
                    None => {
                        let message = "images are named by a path without an address: they are not read";
                        let help = "a mapping file with `image_base = \"https://…\"` says what to put before them";
                        let finding = Diagnostic::note("import/relative-image", message).at(record.place(*at));
                        findings.tell_once(finding.help(help), "import/relative-image");
                        continue;
                    }
                };
                match crate::intake::cell::address::check(&whole) {
                    Ok(None) => {}
                    Ok(Some(doubt)) => findings.tell(cell::warning(record, *at, doubt)),
                    Err(invalid) => return Err(cell::refusal(record, *at, invalid)),
                }
                if !images.contains(&whole) {
                    images.push(whole);
                }
            }
        }
        Ok(images)
    }

    /// Several addresses in one cell; an address may itself hold a separator.
    fn addresses<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let end = rest.match_indices(|c| self.separators.contains(&c)).map(|(at, _)| at).find(|at| {
                let next = rest[at + 1..].trim_start_matches([' ', '"', '\n', '\r']);
                next.is_empty() || next.starts_with("http") || !rest.trim_start_matches(['"', ' ']).starts_with("http")
            });
            let (part, after) = match end {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (rest, ""),
            };
            let is_over = rest.is_empty();
            rest = after;
            (!is_over).then(|| part.trim())
        })
        .filter(|part| !part.is_empty())
    }

    /// Names of the axes, and what the record chooses on them.
    pub fn choices(&self, record: &Record<'_>) -> (Vec<String>, Vec<String>) {
        let own = self.options.iter().map(|(name, at)| (name.clone(), record.text(Some(*at)).to_owned()));
        let named = self.named_options.iter().map(|(name, choice)| {
            let (name, choice) = (record.text(Some(*name)), record.text(Some(*choice)));
            (name.to_owned(), if name.is_empty() { String::new() } else { choice.to_owned() })
        });
        own.chain(named).filter(|(_, choice)| !choice.is_empty()).unzip()
    }

    pub fn item(&self, sku: Sku, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Item, Refusal> {
        let beside = || code_in(self.text(record, Meaning::Price)).unwrap_or(self.currency);
        let currency = match self.text(record, Meaning::Currency) {
            "" => beside(),
            code => Currency::parse(code).map_err(|invalid| self.refuse(record, Meaning::Currency, invalid))?,
        };
        let (price_minor, sale_price_minor) = self.prices(record, currency, findings)?;
        let sells_when_out = self.text(record, Meaning::SellsWhenOut).to_lowercase();
        Ok(Item {
            sku,
            gtin: gtin(record, self.at(Meaning::Gtin), findings)?,
            mpn: owned(self.text(record, Meaning::Mpn)),
            options: Vec::new(),
            image: None,
            price_minor,
            sale_price_minor,
            sale_from: cell::moment(record, self.at(Meaning::SaleFrom), self.zone.as_ref())?,
            sale_to: cell::moment(record, self.at(Meaning::SaleTo), self.zone.as_ref())?,
            currency: self.at(Meaning::Price).map(|_| currency),
            cost_minor: cell::money(record, self.at(Meaning::Cost), currency, self.custom)?,
            weight_g: self.weight(record, findings)?,
            tracked: true,
            availability_date: cell::moment(record, self.at(Meaning::AvailabilityDate), self.zone.as_ref())?,
            sells_when_out: matches!(sells_when_out.as_str(), "1" | "true" | "yes" | "notify" | "continue"),
            attributes: Map::new(),
            status: Status::Active,
        })
    }

    fn prices(
        &self,
        record: &Record<'_>,
        currency: Currency,
        findings: &mut Findings<'_>,
    ) -> Result<(Option<i64>, Option<i64>), Refusal> {
        let Some(column) = self.at(Meaning::Price) else { return Ok((None, None)) };
        let amount = |meaning| cell::money(record, self.at(meaning), currency, self.custom);
        let Some(price) = amount(Meaning::Price)? else {
            let help = "give every variant a price, for example 12.50";
            return Err(cell::refusal(record, column, Invalid::new("money/empty", "the price is missing", help)));
        };
        if price == 0 {
            let help = "channels refuse it: give it a price, or make the product a draft";
            findings.tell(cell::warning(record, column, Invalid::new("import/price-zero", "the price is 0", help)));
        }
        if let Some(before) = amount(Meaning::CompareAt)?.filter(|before| *before > price) {
            return Ok((Some(before), Some(price)));
        }
        let Some(sale) = amount(Meaning::SalePrice)? else { return Ok((Some(price), None)) };
        if sale < price {
            return Ok((Some(price), Some(sale)));
        }
        if sale > price {
            let message = "the sale price is above the price: there is no sale";
            let invalid = Invalid::new("import/no-sale", message, "empty it where there is no sale");
            findings.tell(cell::warning(record, self.at(Meaning::SalePrice).unwrap_or(column), invalid));
        }
        Ok((Some(price), None))
    }

    /// A number of which nothing says the unit is left out: a guess would be wrong by a thousand.
    fn weight(&self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<Option<i64>, Refusal> {
        let text = record.text(self.at(Meaning::Weight));
        if text.is_empty() {
            return Ok(None);
        }
        let unit = Unit::parse(self.text(record, Meaning::WeightUnit)).or(self.weight_unit);
        let refuse = |invalid| self.refuse(record, Meaning::Weight, invalid);
        match weight::grams(text, unit) {
            Err(invalid) if invalid.code == "import/weight-unit" => {
                findings.tell_once(Diagnostic { severity: Severity::Note, ..*refuse(invalid) }, "import/weight-unit");
                Ok(None)
            }
            read => read.map_err(refuse),
        }
    }

    pub fn quantity(&self, record: &Record<'_>) -> Result<Option<i64>, Refusal> {
        let Some(at) = self.at(Meaning::Quantity) else { return Ok(None) };
        // some shops say only that there is something
        match record.text(Some(at)).to_ascii_lowercase().as_str() {
            // and where a product counts the units of its variants, nobody knows how many of each there are
            "parent" | "instock" | "in stock" | "outofstock" | "out of stock" => Ok(None),
            _ => cell::whole(record, at),
        }
    }
}

/// Addresses as images of a product, in their order.
pub fn in_order(addresses: Vec<String>) -> Vec<Image> {
    (1..).zip(addresses).map(|(position, address)| Image { position, address }).collect()
}

/// The currency that `12.90 EUR` names.
fn code_in(amount: &str) -> Option<Currency> {
    let code = amount.trim_start_matches(|c: char| !c.is_ascii_uppercase());
    Currency::parse(code).ok().filter(|currency| currency.code() == code)
}

fn owned(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| crate::intake::cell::oddity::without_forbidden(text))
}

impl ProductReader for ProductTable {
    fn source(&self) -> &str {
        &self.source
    }

    fn carried(&self) -> &Carried {
        &self.carried
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::Group => self.at(Meaning::Group).or(self.at(Meaning::Sku)),
            Field::Sku => self.at(Meaning::Sku),
            Field::Gtin => self.at(Meaning::Gtin),
            Field::Title => self.at(Meaning::Title),
            Field::OptionName(axis) => {
                let own = self.options.get(axis).map(|(_, at)| *at);
                own.or_else(|| Some(self.named_options.get(axis.checked_sub(self.options.len())?)?.0))
            }
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        let is_product = self.has_product_records && self.choices(record).1.is_empty();
        (!is_product || !self.text(record, Meaning::Sku).is_empty())
            .then(|| !self.text(record, Meaning::Sku).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let sku = self.sku(record);
        let key = match (self.text(record, Meaning::Group), &sku) {
            ("", Ok(Some(sku))) => sku.to_string(),
            ("", Ok(None)) => {
                let help = "give each record a SKU, or the key of its product";
                let invalid = Invalid::new("import/no-sku", "the record names neither a SKU nor a product", help);
                return Err(self.refuse(record, Meaning::Sku, invalid));
            }
            ("", Err(refusal)) => return Err(refusal.clone()),
            (group, _) => group.to_owned(),
        };
        let is_first = key != self.group;
        let shared = is_first.then(|| self.shared(&key, record, findings)).transpose();
        let images = self.images(record, findings);
        let (names, choices) = self.choices(record);
        let variant = match (&shared, &images, &sku) {
            (Err(refusal), ..) | (_, Err(refusal), _) | (.., Err(refusal)) => Err(refusal.clone()),
            (.., Ok(None)) if self.has_product_records && choices.is_empty() => Ok(None),
            (.., Ok(known)) => self.variant(&key, known.clone(), choices, record, findings).map(Some),
        };
        self.group.clone_from(&key);
        Ok(ProductRow {
            group: key,
            shared: shared.ok().flatten(),
            names,
            sku: sku.ok().flatten(),
            variant,
            images: in_order(images.unwrap_or_default()),
        })
    }
}

impl ProductTable {
    /// The variant of a record; its SKU is made where it has none.
    pub fn variant(
        &self,
        key: &str,
        sku: Option<Sku>,
        choices: Vec<String>,
        record: &Record<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Variant, Refusal> {
        let sku_is_made = sku.is_none();
        let sku = sku.map_or_else(|| made_sku(key, &choices), Ok).map_err(|e| self.refuse(record, Meaning::Sku, e))?;
        let item = self.item(sku, record, findings)?;
        Ok(Variant { item, sku_is_made, choices, quantity: self.quantity(record)? })
    }
}
