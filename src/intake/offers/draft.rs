//! An offer of any document as texts with their places, and the one way in which they become a product record.
//!
//! A format says only which element, cell or key means what ([`Meaning`]); prices, barcodes, addresses and availability
//! are checked here. An offer that is in stock, but whose units nobody counts, is not tracked: it sells until the feed
//! says otherwise. One that is out of stock is tracked, with no units; so are preorders and backorders, which sell ahead.
use crate::catalog::{Carried, Item, ItemGroup, ProductField, Status, VariantField};
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::document::Position;
use crate::intake::cell::address;
use crate::intake::cell::oddity;
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::options::Options;
use crate::intake::products::row::{Field, Image, ProductRow, Variant};
use crate::value::{Currency, Gtin, Invalid, Sku, text, time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::borrow::Cow;
use xxhash_rust::xxh3::Xxh3;

/// What a text is, in the catalog's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning<'a> {
    Sku,
    Group,
    Title,
    Description,
    Brand,
    ProductType,
    Category,
    GoogleCategory,
    Condition,
    AgeGroup,
    Gender,
    Link,
    /// May be said several times; the first is the main one.
    Image,
    Gtin,
    Mpn,
    Price,
    /// Before the sale: where it is higher, the price is a sale.
    PriceBefore,
    SalePrice,
    /// Start and end with a slash between.
    SaleTime,
    Currency,
    Availability,
    AvailabilityDate,
    Quantity,
    /// A number and its unit; kilograms when it has none.
    Weight,
    /// The choice on an axis.
    Choice(&'a str),
    /// Anything else, kept under this key.
    Attribute(&'a str),
}

/// Names of meanings, as descriptions and `--explain` call them.
const MEANINGS: &[(&str, Meaning<'static>)] = &[
    ("sku", Meaning::Sku),
    ("item_group_id", Meaning::Group),
    ("title", Meaning::Title),
    ("description", Meaning::Description),
    ("brand", Meaning::Brand),
    ("product_type", Meaning::ProductType),
    ("category", Meaning::Category),
    ("google_product_category", Meaning::GoogleCategory),
    ("condition", Meaning::Condition),
    ("age_group", Meaning::AgeGroup),
    ("gender", Meaning::Gender),
    ("path", Meaning::Link),
    ("image", Meaning::Image),
    ("gtin", Meaning::Gtin),
    ("mpn", Meaning::Mpn),
    ("price", Meaning::Price),
    ("compare_at_price", Meaning::PriceBefore),
    ("sale_price", Meaning::SalePrice),
    ("sale_time", Meaning::SaleTime),
    ("currency", Meaning::Currency),
    ("availability", Meaning::Availability),
    ("availability_date", Meaning::AvailabilityDate),
    ("quantity", Meaning::Quantity),
    ("weight", Meaning::Weight),
];

impl Meaning<'static> {
    pub fn parse(name: &str) -> Option<Self> {
        MEANINGS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
    }

    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        MEANINGS.iter().map(|(name, _)| *name)
    }
}

impl std::fmt::Display for Meaning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Meaning::Choice(axis) => write!(f, "option {axis}"),
            Meaning::Attribute(name) => write!(f, "attribute {name}"),
            other => f.write_str(MEANINGS.iter().find(|(_, known)| known == other).map_or("", |(name, _)| name)),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Said<'a> {
    pub meaning: Meaning<'a>,
    /// The element, cell or key, as the document calls it.
    pub name: &'a str,
    pub text: Cow<'a, str>,
    /// In a table, the column is the number of the cell, from 0.
    pub at: Position,
}

/// An offer whose texts are known and not yet believed.
#[derive(Debug, Default)]
pub struct Draft<'a> {
    said: Vec<Said<'a>>,
    /// What is wrong with a text, by its place in `said`, and is only worth a warning.
    doubts: Vec<(usize, Invalid)>,
    /// Why there is no id, where that is known.
    no_id: Option<Invalid>,
}

/// What a format leaves open and the user or the shop says.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Of amounts that name none.
    currency: Currency,
    /// Every amount has to name its currency.
    pub names_currency: bool,
    custom: Custom,
    zone: Option<TimeZone>,
}

impl Rules {
    pub fn new(options: &Options, names_currency: bool, custom: Custom) -> Self {
        let custom = if options.local_prices { Custom::People } else { custom };
        Rules { currency: options.currency, names_currency, custom, zone: options.zone.clone() }
    }
}

/// Where a text, or the offer as a whole, stands.
pub type PlaceOf<'p> = &'p dyn Fn(Option<&Said<'_>>) -> Place;

/// What offers with titles carry; the catalog's other fields stay as they are.
pub fn carried_by_offers() -> Carried {
    use ProductField as P;
    use VariantField as V;
    Carried {
        product: vec![
            P::Title,
            P::Description,
            P::Brand,
            P::ProductType,
            P::Category,
            P::GoogleProductCategory,
            P::Condition,
            P::AgeGroup,
            P::Gender,
            P::Path,
            P::Images,
            P::Status,
        ],
        variant: vec![
            V::Gtin,
            V::Mpn,
            V::Options,
            V::Image,
            V::Price,
            V::SalePrice,
            V::SaleFrom,
            V::SaleTo,
            V::Currency,
            V::Weight,
            V::Tracked,
            V::SellsWhenOut,
            V::AvailabilityDate,
            V::Attributes,
            V::Status,
        ],
    }
}

/// What offers without titles carry: price and stock of what the catalog knows.
pub fn only_prices(carried: Carried) -> Carried {
    use VariantField as V;
    const PRICES: &[VariantField] =
        &[V::Price, V::SalePrice, V::Currency, V::Tracked, V::SellsWhenOut, V::AvailabilityDate, V::Status];
    let variant = carried.variant.into_iter().filter(|field| PRICES.contains(field)).collect();
    Carried { product: Vec::new(), variant }
}

const AVAILABILITIES: &str = "in_stock, out_of_stock, preorder or backorder (in YML: true or false)";

impl<'a> Draft<'a> {
    /// Empty texts say nothing.
    pub fn say(&mut self, meaning: Meaning<'a>, name: &'a str, text: impl Into<Cow<'a, str>>, at: Position) {
        let text = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text::trim(text)),
            Cow::Owned(text) => Cow::Owned(text::trim(&text).to_owned()),
        };
        if !text.is_empty() {
            self.said.push(Said { meaning, name, text, at });
        }
    }

    /// Doubts what was said last.
    pub fn doubt(&mut self, invalid: Invalid) {
        if let Some(last) = self.said.len().checked_sub(1) {
            self.doubts.push((last, invalid));
        }
    }

    /// Says why there is no id.
    pub fn lacks_id(&mut self, why: Invalid) {
        self.no_id = Some(why);
    }

    /// The first that was said of it.
    pub fn get(&self, meaning: Meaning<'_>) -> Option<&Said<'a>> {
        self.said.iter().find(|said| said.meaning == meaning)
    }

    pub fn text(&self, meaning: Meaning<'_>) -> Option<&str> {
        self.get(meaning).map(|said| said.text.as_ref())
    }

    fn all<'d>(&'d self, meaning: Meaning<'d>) -> impl Iterator<Item = &'d Said<'a>> {
        self.said.iter().filter(move |said| said.meaning == meaning)
    }

    /// Everything that was said, in the order of the format's list.
    pub fn said(&self) -> impl Iterator<Item = &Said<'a>> {
        self.said.iter()
    }

    /// Equal for offers that say the same.
    pub fn digest(&self) -> u64 {
        let mut digest = Xxh3::new();
        for said in &self.said {
            digest.update(said.name.as_bytes());
            digest.update(&[0]);
            digest.update(said.text.as_bytes());
            digest.update(&[0]);
        }
        digest.digest()
    }

    /// What a field of a product was read from.
    pub fn of_field(&self, field: Field) -> Option<&Said<'a>> {
        match field {
            Field::Group => self.get(Meaning::Group).or_else(|| self.get(Meaning::Sku)),
            Field::Sku => self.get(Meaning::Sku),
            Field::Gtin => self.get(Meaning::Gtin),
            Field::Title => self.get(Meaning::Title),
            Field::OptionName(axis) => {
                self.said.iter().filter(|said| matches!(said.meaning, Meaning::Choice(_))).nth(axis)
            }
        }
    }

    /// Makes the record. `Err` when not even the SKU can be read.
    pub fn to_row(
        &self,
        rules: &Rules,
        place: PlaceOf<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<ProductRow, Refusal> {
        let read = Reading { draft: self, rules, place };
        let sku = read.sku()?;
        read.tell_doubts(findings);
        let group = self.text(Meaning::Group).unwrap_or(sku.as_str()).to_owned();
        let mut choices: Vec<(&str, &str)> = Vec::new();
        for said in &self.said {
            if let Meaning::Choice(axis) = said.meaning
                && !choices.iter().any(|(known, _)| *known == axis)
            {
                choices.push((axis, said.text.as_ref()));
            }
        }
        let images = read.images(findings);
        let main = images.as_ref().ok().and_then(|images| images.first()).filter(|_| group != sku.as_str());
        let variant = match &images {
            Err(refusal) => Err(refusal.clone()),
            Ok(_) => read.variant(&sku, main, &choices, findings),
        };
        Ok(ProductRow {
            shared: Some(read.shared(&group, findings)),
            group,
            names: choices.iter().map(|(axis, _)| (*axis).to_owned()).collect(),
            sku: Some(sku),
            variant: variant.map(Some),
            images: images.unwrap_or_default(),
        })
    }

    /// A record of what variants share, without one. `Err` when not even the key of the product is there.
    pub fn to_bare_row(
        &self,
        rules: &Rules,
        place: PlaceOf<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<ProductRow, Refusal> {
        let read = Reading { draft: self, rules, place };
        let Some(group) = self.text(Meaning::Group) else {
            let help = "every product needs an id of its own, by which its offers name it";
            return Err(read.refuse(None, Invalid::new("import/no-id", "the product has no id", help)));
        };
        let images = read.images(findings);
        Ok(ProductRow {
            group: group.to_owned(),
            shared: Some(read.shared(group, findings)),
            names: Vec::new(),
            sku: None,
            variant: images.as_ref().map(|_| None).map_err(Clone::clone),
            images: images.unwrap_or_default(),
        })
    }
}

/// A draft on its way to a record.
struct Reading<'r, 'a> {
    draft: &'r Draft<'a>,
    rules: &'r Rules,
    place: PlaceOf<'r>,
}

impl Reading<'_, '_> {
    fn refuse(&self, said: Option<&Said<'_>>, invalid: Invalid) -> Refusal {
        Box::new(Diagnostic::from(invalid).at((self.place)(said)))
    }

    fn warn(&self, said: &Said<'_>, invalid: Invalid, findings: &mut Findings<'_>) {
        findings.tell(invalid.into_diagnostic(Severity::Warning).at((self.place)(Some(said))));
    }

    fn tell_doubts(&self, findings: &mut Findings<'_>) {
        for (at, doubt) in &self.draft.doubts {
            if let Some(said) = self.draft.said.get(*at) {
                self.warn(said, doubt.clone(), findings);
            }
        }
    }

    fn sku(&self) -> Result<Sku, Refusal> {
        let Some(said) = self.draft.get(Meaning::Sku) else {
            let help = "every offer needs an id of its own, which becomes its SKU";
            let why = self.draft.no_id.clone();
            return Err(self.refuse(None, why.unwrap_or(Invalid::new("import/no-sku", "the offer has no id", help))));
        };
        Sku::parse(&said.text).map_err(|invalid| self.refuse(Some(said), invalid))
    }

    /// One value may be said twice only if it is the same.
    fn check_twice(&self) -> Result<(), Refusal> {
        for (i, said) in self.draft.said.iter().enumerate() {
            let is_list = matches!(
                said.meaning,
                Meaning::Image | Meaning::ProductType | Meaning::Category | Meaning::Attribute(_)
            );
            let before = self.draft.said.get(..i).unwrap_or_default();
            let other = before.iter().find(|other| {
                !is_list && other.meaning == said.meaning && other.name == said.name && other.text != said.text
            });
            if let Some(other) = other {
                let message =
                    format!("`{}` is there twice, and in line {} it says something else", said.name, other.at.line);
                let invalid = Invalid::new("import/field-twice", message, "keep the one that is right");
                return Err(self.refuse(Some(said), invalid));
            }
        }
        Ok(())
    }

    fn plain(&self, meaning: Meaning<'_>, findings: &mut Findings<'_>) -> Option<String> {
        let said = self.draft.get(meaning)?;
        oddity::oddities(&said.text).into_iter().for_each(|oddity| self.warn(said, oddity, findings));
        Some(oddity::without_forbidden(&said.text))
    }

    fn word(&self, meaning: Meaning<'_>) -> Option<String> {
        self.draft.text(meaning).map(oddity::without_forbidden)
    }

    fn shared(&self, group: &str, findings: &mut Findings<'_>) -> ItemGroup {
        ItemGroup {
            item_group_id: group.to_owned(),
            title: self.plain(Meaning::Title, findings).unwrap_or_default(),
            description: self.word(Meaning::Description),
            brand: self.plain(Meaning::Brand, findings),
            product_type: self.plain(Meaning::ProductType, findings),
            category: self.word(Meaning::Category),
            google_product_category: self.word(Meaning::GoogleCategory),
            condition: self.word(Meaning::Condition).map(|word| word.to_lowercase()),
            age_group: self.word(Meaning::AgeGroup).map(|word| word.to_lowercase()),
            gender: self.word(Meaning::Gender).map(|word| word.to_lowercase()),
            path: self.word(Meaning::Link),
            ..ItemGroup::default()
        }
    }

    fn images(&self, findings: &mut Findings<'_>) -> Result<Vec<Image>, Refusal> {
        let mut images: Vec<Image> = Vec::new();
        for said in self.draft.all(Meaning::Image) {
            let doubt = address::check(&said.text).map_err(|invalid| self.refuse(Some(said), invalid))?;
            if let Some(doubt) = doubt {
                self.warn(said, doubt, findings);
            }
            if !images.iter().any(|image| image.address == said.text) {
                let position = u32::try_from(images.len()).unwrap_or(u32::MAX);
                images.push(Image { position, address: said.text.to_string() });
            }
        }
        Ok(images)
    }

    fn variant(
        &self,
        sku: &Sku,
        main: Option<&Image>,
        choices: &[(&str, &str)],
        findings: &mut Findings<'_>,
    ) -> Result<Variant, Refusal> {
        self.check_twice()?;
        let prices = self.prices(findings)?;
        let (sale_from, sale_to) = self.sale_time()?;
        let availability_date = self.moment(Meaning::AvailabilityDate)?;
        let stock = self.stock(findings)?;
        let item = Item {
            sku: sku.clone(),
            gtin: self.gtin(findings)?,
            mpn: self.word(Meaning::Mpn),
            options: Vec::new(),
            image: main.map(|image| image.address.clone()),
            price_minor: Some(prices.price),
            sale_price_minor: prices.sale,
            sale_from,
            sale_to,
            currency: Some(prices.currency),
            cost_minor: None,
            weight_g: self.weight(findings),
            tracked: stock.tracked,
            sells_when_out: stock.sells_when_out,
            availability_date,
            attributes: self.attributes(),
            status: Status::Active,
        };
        let choices = choices.iter().map(|(_, choice)| oddity::without_forbidden(choice)).collect();
        Ok(Variant { item, sku_is_made: false, choices, quantity: stock.quantity })
    }

    fn gtin(&self, findings: &mut Findings<'_>) -> Result<Option<Gtin>, Refusal> {
        let Some(said) = self.draft.get(Meaning::Gtin) else { return Ok(None) };
        let (gtin, doubt) = cell::barcode(&said.text).map_err(|invalid| self.refuse(Some(said), invalid))?;
        if let Some(doubt) = doubt {
            self.warn(said, doubt, findings);
        }
        Ok(gtin)
    }

    /// The currency an offer names beside its amounts.
    fn currency(&self) -> Result<Option<Currency>, Refusal> {
        let Some(said) = self.draft.get(Meaning::Currency) else { return Ok(None) };
        Currency::parse(&said.text).map(Some).map_err(|invalid| self.refuse(Some(said), invalid))
    }

    fn amount(&self, said: &Said<'_>, beside: Option<Currency>) -> Result<(Currency, i64), Refusal> {
        let (inside, number) = split_currency(&said.text);
        let currency = match (inside, beside) {
            (Some(currency), _) | (None, Some(currency)) => currency,
            (None, None) if self.rules.names_currency => {
                let help = format!("write it after the amount, as in 12.50 {}", self.rules.currency);
                return Err(
                    self.refuse(Some(said), Invalid::new("money/no-currency", "the amount names no currency", help))
                );
            }
            (None, None) => self.rules.currency,
        };
        cell::amount(number, currency, self.rules.custom)
            .map(|minor| (currency, minor))
            .map_err(|invalid| self.refuse(Some(said), invalid))
    }

    fn prices(&self, findings: &mut Findings<'_>) -> Result<Prices, Refusal> {
        let beside = self.currency()?;
        let Some(said) = self.draft.get(Meaning::Price) else {
            let help = "every offer needs a price, for example 12.50";
            return Err(self.refuse(None, Invalid::new("money/empty", "the price is missing", help)));
        };
        let (currency, price) = self.amount(said, beside)?;
        if price == 0 {
            let help = "channels refuse it: give it a price";
            self.warn(said, Invalid::new("import/price-zero", "the price is 0", help), findings);
        }
        let other = self.draft.get(Meaning::SalePrice).or_else(|| self.draft.get(Meaning::PriceBefore));
        let Some(other) = other else { return Ok(Prices { currency, price, sale: None }) };
        let (of_other, amount) = self.amount(other, Some(currency))?;
        if of_other != currency {
            let message = format!("the price is in {currency}, this in {of_other}");
            let invalid = Invalid::new("money/currency-mismatch", message, "one offer has one currency");
            return Err(self.refuse(Some(other), invalid));
        }
        let (before, sale) = if other.meaning == Meaning::SalePrice { (price, amount) } else { (amount, price) };
        match before {
            before if before > sale && sale > 0 => Ok(Prices { currency, price: before, sale: Some(sale) }),
            before if before == sale || amount == 0 => Ok(Prices { currency, price, sale: None }),
            _ => {
                let message = match other.meaning {
                    Meaning::SalePrice => "the sale price is not below the price: there is no sale",
                    _ => "the price before is not above the price: there is no sale",
                };
                self.warn(other, Invalid::new("import/no-sale", message, "empty it where there is no sale"), findings);
                Ok(Prices { currency, price, sale: None })
            }
        }
    }

    fn sale_time(&self) -> Result<(Option<String>, Option<String>), Refusal> {
        let Some(said) = self.draft.get(Meaning::SaleTime) else { return Ok((None, None)) };
        let Some((from, to)) = said.text.split_once('/') else {
            let help = "write start and end with a slash between, as in 2026-11-25T09:00Z/2026-12-01T00:00Z";
            let invalid = Invalid::new("import/sale-time", "the time of the sale has no start and end", help);
            return Err(self.refuse(Some(said), invalid));
        };
        let read = |text| time::parse(text, self.rules.zone.as_ref()).map_err(|e| self.refuse(Some(said), e));
        let (from, to) = (read(from)?, read(to)?);
        if to <= from {
            let invalid = Invalid::new("import/sale-time", "the sale ends before it begins", "exchange the two times");
            return Err(self.refuse(Some(said), invalid));
        }
        Ok((Some(time::to_utc_text(from)), Some(time::to_utc_text(to))))
    }

    fn moment(&self, meaning: Meaning<'_>) -> Result<Option<String>, Refusal> {
        let Some(said) = self.draft.get(meaning) else { return Ok(None) };
        let moment = time::parse(&said.text, self.rules.zone.as_ref()).map_err(|e| self.refuse(Some(said), e))?;
        Ok(Some(time::to_utc_text(moment)))
    }

    fn stock(&self, findings: &mut Findings<'_>) -> Result<Stock, Refusal> {
        let quantity = match self.draft.get(Meaning::Quantity) {
            Some(said) => Some(cell::parse_whole(&said.text).map_err(|invalid| self.refuse(Some(said), invalid))?),
            None => None,
        };
        let word = match self.draft.get(Meaning::Availability) {
            Some(said) => Some((said, availability(&said.text).map_err(|invalid| self.refuse(Some(said), invalid))?)),
            None => None,
        };
        if let (Some((said, Availability::Out)), Some(1..)) = (&word, quantity) {
            let message = "out of stock, though there are units: the units count";
            let help = "say in_stock, or a quantity of 0";
            self.warn(said, Invalid::new("import/stock-contradiction", message, help), findings);
        }
        if let Some((said, Availability::Preorder)) = &word
            && self.draft.get(Meaning::AvailabilityDate).is_none()
        {
            let message = "nothing says when the preorder can leave: until then it is out of stock";
            let help = "say availability_date, which channels ask for, too";
            self.warn(said, Invalid::new("import/no-availability-date", message, help), findings);
        }
        let sells_when_out = matches!(word, Some((_, Availability::Backorder)));
        Ok(match (word, quantity) {
            // units of such an offer are still to come
            (Some((_, Availability::Preorder | Availability::Backorder | Availability::Out)), None)
            | (Some((_, Availability::Preorder | Availability::Backorder)), Some(_)) => {
                Stock { tracked: true, quantity: Some(0), sells_when_out }
            }
            (_, quantity) => Stock { tracked: quantity.is_some(), quantity, sells_when_out },
        })
    }

    fn weight(&self, findings: &mut Findings<'_>) -> Option<i64> {
        let said = self.draft.get(Meaning::Weight)?;
        let grams = grams(&said.text);
        if grams.is_none() {
            let help = "write a number and its unit, for example 1.2 kg";
            self.warn(said, Invalid::new("import/weight", "this is not a weight: it is left out", help), findings);
        }
        grams.filter(|grams| *grams > 0)
    }

    fn attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::new();
        for said in &self.draft.said {
            let Meaning::Attribute(key) = said.meaning else { continue };
            let value = Value::from(oddity::without_forbidden(&said.text));
            match attributes.get_mut(key) {
                None => drop(attributes.insert(key.to_owned(), value)),
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        attributes
    }
}

/// In minor units.
struct Prices {
    currency: Currency,
    price: i64,
    sale: Option<i64>,
}

struct Stock {
    tracked: bool,
    quantity: Option<i64>,
    sells_when_out: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Availability {
    In,
    Out,
    Preorder,
    Backorder,
}

/// Google's words, Meta's and Pinterest's, with spaces or underscores.
fn availability(text: &str) -> Result<Availability, Invalid> {
    let word = text.to_lowercase().replace([' ', '-'], "_");
    // Google's old examples wrote addresses of schema.org
    match word.rsplit('/').next().unwrap_or(&word) {
        "in_stock" | "instock" | "available" | "limited_availability" | "true" => Ok(Availability::In),
        "out_of_stock" | "outofstock" | "oos" | "discontinued" | "unavailable" | "sold_out" | "false" => {
            Ok(Availability::Out)
        }
        "preorder" | "pre_order" => Ok(Availability::Preorder),
        "backorder" | "available_for_order" | "pending" => Ok(Availability::Backorder),
        _ => Err(Invalid::new("import/availability", "this is no availability", format!("write {AVAILABILITIES}"))),
    }
}

/// `12.50 EUR`, `EUR 12.50`: the currency and the rest.
fn split_currency(text: &str) -> (Option<Currency>, &str) {
    let code = |code: &str| (code.len() == 3).then(|| Currency::parse(code).ok()).flatten();
    let end = text.len().checked_sub(3).and_then(|at| Some((text.get(at..)?, text.get(..at)?)));
    let start = text.get(..3).zip(text.get(3..));
    match (end.and_then(|(c, rest)| Some((code(c)?, rest))), start.and_then(|(c, rest)| Some((code(c)?, rest)))) {
        (Some((currency, rest)), _) | (None, Some((currency, rest))) => (Some(currency), text::trim(rest)),
        (None, None) => (None, text),
    }
}

/// Whole grams of `1.2 kg`, `250g`, `0,5`; `None` when it is no weight.
fn grams(text: &str) -> Option<i64> {
    const MILLIGRAMS: &[(&str, i64)] = &[
        ("kg", 1_000_000),
        ("кг", 1_000_000),
        ("g", 1_000),
        ("г", 1_000),
        ("gr", 1_000),
        ("lb", 453_592),
        ("oz", 28_350),
        ("", 1_000_000),
    ];
    let split = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = text::trim(unit).to_lowercase();
    let (_, milligrams) = MILLIGRAMS.iter().find(|(known, _)| *known == unit)?;
    let number = number.replace(',', ".");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(fraction.parse::<i64>().ok()?)?;
    Some(thousandths.checked_mul(*milligrams)?.checked_add(500_000)? / 1_000_000)
}
