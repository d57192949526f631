//! Products into the catalog, whatever their format: records of one product are put together, each SKU is taken once.
use super::row::{Field, Image, Late, NO_CHOICE, ProductRow, Variant};
use super::seen::{Seen, Sight, Spot};
use crate::catalog::{Carried, Change, Item, ItemGroup, KnownItem, OnHand, ProductField, ProductId, Products, Put};
use crate::diagnostic::{Diagnostic, Place, Result, Severity};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::import::Counts;
use crate::intake::options::Options;
use crate::intake::stock::counter::{Counter, MAIN, new_location};
use crate::value::{Gtin, Sku};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Where a record stands, and where its cells are, should one of them be wrong.
pub struct Here<'p> {
    pub record: u64,
    pub line: u64,
    /// Equal for records with equal cells.
    pub digest: u64,
    pub place: &'p dyn Fn(Field) -> Place,
}

/// Takes the rows of one file.
pub struct Keeper<'c, 'w> {
    change: &'c Change<'w>,
    products: Products<'c>,
    has_titles: bool,
    /// The catalog had products before: those of this file may be among them, and its SKUs belong to others.
    had_products: bool,
    allow_moves: bool,
    refuse_made_skus: bool,
    keeps_bare: bool,
    main: Main<'c, 'w>,
    seen: Seen,
    gtins: HashMap<u64, GtinSpot, RandomState>,
    /// Products that were closed, by the hash of their keys.
    closed: HashMap<u64, Closed, RandomState>,
    axes: Vec<Vec<String>>,
    group: Option<Group>,
    /// Variants of this file that the catalog has now.
    kept: u64,
    pub counts: Counts,
}

/// The product whose records are being read.
struct Group {
    key: String,
    first_record: u32,
    /// `None` once its first record was refused.
    shared: Option<ItemGroup>,
    /// The catalog's, where it has one.
    known: Option<ProductId>,
    /// What the catalog has of it.
    items: HashMap<String, KnownItem, RandomState>,
    /// It was closed before: what variants share was read then.
    is_joined: bool,
    names: Vec<String>,
    variants: Vec<Held>,
    images: Vec<Image>,
}

/// A product whose records seemed to be over.
#[derive(Clone, Copy)]
struct Closed {
    first_record: u32,
    /// Which of [`Keeper::axes`].
    axes: u32,
    /// `None` when nothing of it was taken.
    product: Option<ProductId>,
    /// It was said that its records stand apart.
    is_told: bool,
}

/// Where a GTIN stood first.
#[derive(Clone, Copy)]
struct GtinSpot {
    record: u32,
    /// Of the variant that was taken with it, as [`ProductId::short`] has it.
    product: u32,
}

struct Held {
    item: Item,
    /// The catalog's, where it has one.
    known: Option<KnownItem>,
    quantity: Option<i64>,
}

impl<'c, 'w> Keeper<'c, 'w> {
    pub fn new(change: &'c Change<'w>, source: &'c str, carried: &'c Carried, options: &Options) -> Result<Self> {
        change.put_off_indexes()?;
        Ok(Keeper {
            change,
            products: change.products(source, carried)?,
            has_titles: carried.product.contains(&ProductField::Title),
            had_products: !change.has_no_products()?,
            allow_moves: options.allow_moves,
            refuse_made_skus: false,
            keeps_bare: false,
            main: Main::new(change)?,
            seen: Seen::default(),
            gtins: HashMap::default(),
            closed: HashMap::default(),
            axes: Vec::new(),
            group: None,
            kept: 0,
            counts: Counts::default(),
        })
    }

    /// In a file of a shop that gives its variants SKUs, one without is a mistake.
    pub fn refuse_made_skus(&mut self) {
        self.refuse_made_skus = true;
    }

    /// Products without variants are kept, and counted: their variants come from another file.
    pub fn keep_bare(&mut self) {
        self.keeps_bare = true;
    }

    pub fn take(&mut self, row: ProductRow, here: &Here<'_>, findings: &mut Findings<'_>) -> Result<()> {
        let sight = row.sku.as_ref().map(|sku| self.seen.see(sku.as_str(), here.record, here.line, here.digest));
        if let Some(Sight::Repeated(first)) = &sight
            && !first.refused
            && row.variant.is_ok()
        {
            let message =
                format!("this record is the same as record {} (line {}): it is taken once", first.record, first.line);
            findings.tell(Diagnostic::warning("import/repeated-record", message).at((here.place)(Field::Sku)));
            self.counts.count(Put::Same);
            return Ok(());
        }
        if self.group.as_ref().is_none_or(|group| group.key != row.group) {
            self.close()?;
            self.open(row.group, row.shared, here, findings)?;
        }
        if let Some(group) = &mut self.group
            && row.names.iter().any(|name| !name.is_empty())
        {
            group.names = row.names;
        }
        match self.admit(row.sku.as_ref(), sight, row.variant, row.images, here, findings)? {
            Ok(()) => {}
            Err(refusal) => {
                if let Some(sku) = &row.sku {
                    self.seen.refuse(sku.as_str());
                }
                findings.refuse(*refusal);
            }
        }
        Ok(())
    }

    pub fn take_late(&mut self, late: Late, findings: &mut Findings<'_>) -> Result<()> {
        let Late { row, stood } = late;
        let place = |field| stood.place(field);
        let here = Here { record: stood.record, line: stood.line, digest: stood.digest, place: &place };
        self.take(row, &here, findings)
    }

    fn open(
        &mut self,
        key: String,
        shared: Option<ItemGroup>,
        here: &Here<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        let hash = xxh3_64(key.as_bytes());
        let closed = self.closed.get(&hash).copied();
        // what was put may have been taken back since
        let put = closed.and_then(|closed| closed.product);
        let known = match put.map(|put| self.change.has_product(put)).transpose()? {
            Some(true) => put,
            _ if self.had_products => self.products.find(&key)?,
            _ => None,
        };
        let names = closed.and_then(|closed| self.axes.get(closed.axes as usize)).cloned().unwrap_or_default();
        if let Some(closed) = self.closed.get_mut(&hash).filter(|closed| !closed.is_told) {
            closed.is_told = true;
            let record = closed.first_record;
            let message = format!("records of this product stand apart: it began at record {record}; they were joined");
            let help = "what variants share is read there only; keep the records of a product together";
            let finding = Diagnostic::warning("import/split-product", message).at((here.place)(Field::Group));
            findings.tell(finding.help(help));
        }
        self.group = Some(Group {
            key,
            first_record: short(here.record),
            shared,
            known,
            items: known.map(|known| self.change.items_of(known)).transpose()?.unwrap_or_default(),
            is_joined: closed.is_some() && known.is_some(),
            names,
            variants: Vec::new(),
            images: Vec::new(),
        });
        Ok(())
    }

    /// Takes the record into its product, unless something speaks against it.
    fn admit(
        &mut self,
        sku: Option<&Sku>,
        sight: Option<Sight>,
        variant: Result<Option<Variant>, Refusal>,
        images: Vec<Image>,
        here: &Here<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Result<(), Refusal>> {
        let mut variant = match variant {
            Ok(variant) => variant,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(refusal) = self.untitled(here) {
            return Ok(Err(refusal));
        }
        // a record that is the same as one that was taken is not asked
        if let (Some(Sight::Duplicate(first) | Sight::Repeated(first)), Some(sku)) = (&sight, sku) {
            return self.conflict(sku, *first, here, findings).map(Err);
        }
        let mut known = None;
        if let Some(variant) = &mut variant {
            match self.check(variant, sight, here, findings)? {
                Ok(found) => known = found,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        if let Some(group) = &mut self.group {
            group.images.extend(images);
            group.variants.extend(variant.map(|v| Held { item: v.item, known, quantity: v.quantity }));
        }
        Ok(Ok(()))
    }

    /// A new product needs a title; so does one whose file has titles.
    fn untitled(&mut self, here: &Here<'_>) -> Option<Refusal> {
        let group = self.group.as_mut()?;
        if group.is_joined || (group.known.is_some() && !self.has_titles) {
            return None;
        }
        let is_first = group.first_record == short(here.record);
        if group.shared.as_ref().is_some_and(|shared| !shared.title.is_empty()) {
            return None;
        }
        group.shared = None;
        let (message, help) = match (is_first, self.has_titles) {
            (true, true) => ("the product has no title".to_owned(), "give it a title in its first record"),
            (true, false) => (
                "the product is new, and the file has no titles".to_owned(),
                "import the product first, from a file that has its title",
            ),
            (false, _) => (format!("the product was refused at record {}", group.first_record), "mend that record"),
        };
        let field = if is_first { Field::Title } else { Field::Group };
        Some(Box::new(Diagnostic::error("import/no-title", message).at((here.place)(field)).help(help)))
    }

    /// One SKU in two records that differ: which is right would be a guess, so neither is taken.
    fn conflict(&mut self, sku: &Sku, first: Spot, here: &Here<'_>, findings: &mut Findings<'_>) -> Result<Refusal> {
        if !first.refused {
            self.seen.refuse(sku.as_str());
            findings.refused += 1;
            self.take_back(sku)?;
        }
        let message =
            format!("the SKU is also that of record {} (line {}): neither was taken", first.record, first.line);
        let help = "give each variant a SKU of its own";
        Ok(Box::new(Diagnostic::error("import/duplicate-sku", message).at((here.place)(Field::Sku)).help(help)))
    }

    fn take_back(&mut self, sku: &Sku) -> Result<()> {
        if let Some(group) = &mut self.group {
            let before = group.variants.len();
            group.variants.retain(|held| held.item.sku != *sku);
            if group.variants.len() < before {
                return Ok(());
            }
        }
        if let Some(put) = self.change.withdraw(sku.as_str())? {
            self.counts.uncount(put);
            self.kept = self.kept.saturating_sub(1);
        }
        Ok(())
    }

    /// What can only be known by looking at the other records and at the catalog; and the variant there, if any.
    fn check(
        &mut self,
        variant: &mut Variant,
        sight: Option<Sight>,
        here: &Here<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Result<Option<KnownItem>, Refusal>> {
        if let Err(axis) = self.name_options(variant) {
            let finding = Diagnostic::error("import/option-without-name", "the option has a value but no name");
            let help = "name it, for example Size, in the first record of the product";
            return Ok(Err(Box::new(finding.at((here.place)(Field::OptionName(axis))).help(help))));
        }
        if variant.sku_is_made
            && let Some(refusal) = self.check_made(variant, here)
        {
            return Ok(Err(refusal));
        }
        if let Some(Sight::LooksLike(other)) = sight {
            let message =
                format!("the SKU looks like that of record {} (line {}), but is another", other.record, other.line);
            let finding = Diagnostic::warning("import/sku-look-alike", message).at((here.place)(Field::Sku));
            findings.tell(
                finding.help("people will mix them up; if they are meant to be the same, write them the same way"),
            );
        }
        let known = self.known_item(&variant.item.sku)?;
        if let Some(known) = &known
            && let Some(finding) = self.check_owner(known, here)?
        {
            match finding.severity {
                Severity::Error => return Ok(Err(Box::new(finding))),
                _ => findings.tell(finding),
            }
        }
        if let Some(gtin) = &variant.item.gtin {
            self.check_gtin(gtin, &variant.item.sku, here, findings)?;
        }
        Ok(Ok(known))
    }

    /// Joins choices with the names of their axes; `Err` is an axis without one.
    fn name_options(&mut self, variant: &mut Variant) -> Result<(), usize> {
        let Some(group) = &self.group else { return Ok(()) };
        let mut choices = std::mem::take(&mut variant.choices);
        while choices.last().is_some_and(String::is_empty) {
            choices.pop();
        }
        if let [only] = choices.as_slice()
            && only == NO_CHOICE
        {
            return Ok(());
        }
        for (axis, choice) in choices.into_iter().enumerate().filter(|(_, choice)| !choice.is_empty()) {
            match group.names.get(axis) {
                Some(name) if !name.is_empty() => variant.item.options.push((name.clone(), choice)),
                _ => return Err(axis),
            }
        }
        Ok(())
    }

    fn check_made(&mut self, variant: &Variant, here: &Here<'_>) -> Option<Refusal> {
        let sku = variant.item.sku.as_str();
        if self.refuse_made_skus {
            let help = "give it one; or `--make-skus` makes it of handle and options, as in a file without SKUs";
            let finding = Diagnostic::error("import/no-sku", "the variant has no SKU").at((here.place)(Field::Sku));
            return Some(Box::new(finding.help(help)));
        }
        // made of the same parts, so the record it meets has the same options
        match self.seen.see(sku, here.record, here.line, here.digest) {
            Sight::New | Sight::LooksLike(_) => None,
            Sight::Repeated(first) | Sight::Duplicate(first) => {
                let message = format!(
                    "record {} (line {}) has the same options, and neither has a SKU",
                    first.record, first.line
                );
                let help = "give each variant a SKU, or options that tell it apart";
                Some(Box::new(
                    Diagnostic::error("import/same-options", message).at((here.place)(Field::Sku)).help(help),
                ))
            }
        }
    }

    fn known_item(&self, sku: &Sku) -> Result<Option<KnownItem>> {
        let own = self.group.as_ref().and_then(|group| group.items.get(sku.as_str()));
        match own {
            None if self.had_products => self.change.find_item(sku.as_str()),
            own => Ok(own.copied()),
        }
    }

    fn check_owner(&self, owned: &KnownItem, here: &Here<'_>) -> Result<Option<Diagnostic>> {
        if self.group.as_ref().and_then(|group| group.known) == Some(owned.product) {
            return Ok(None);
        }
        let owner = self.change.item_group_of(owned.product)?;
        let place = (here.place)(Field::Sku);
        Ok(Some(if self.allow_moves {
            Diagnostic::warning("import/sku-moved", format!("the SKU belonged to product `{owner}` and was moved"))
                .at(place)
        } else {
            let help = "if it was moved, or its handle was changed, add `--allow-moves`; else give it another SKU";
            let message = format!("the SKU belongs to product `{owner}` in the catalog");
            Diagnostic::error("import/sku-of-other-product", message).at(place).help(help)
        }))
    }

    fn check_gtin(&mut self, gtin: &Gtin, sku: &Sku, here: &Here<'_>, findings: &mut Findings<'_>) -> Result<()> {
        let spot = GtinSpot { record: short(here.record), product: 0 };
        let first = *self.gtins.entry(number(gtin)).or_insert(spot);
        if first.record == spot.record {
            return Ok(());
        }
        let held = self.group.iter().flat_map(|group| &group.variants);
        let beside =
            held.filter(|held| held.item.gtin.as_ref() == Some(gtin)).map(|held| held.item.sku.to_string()).next();
        let other = match beside {
            Some(other) => Some(other),
            None => self.change.other_sku_of_gtin(ProductId::of_short(first.product), gtin.as_str(), sku.as_str())?,
        };
        let whose = other.map_or_else(String::new, |other| format!(", that of `{other}`"));
        let message = format!("`{sku}` has the same GTIN as record {}{whose}", first.record);
        let help = "one number names one product: compare it with the barcodes";
        findings.tell(Diagnostic::warning("import/duplicate-gtin", message).at((here.place)(Field::Gtin)).help(help));
        Ok(())
    }

    /// Writes the product whose records have been read.
    fn close(&mut self) -> Result<()> {
        let Some(mut group) = self.group.take() else { return Ok(()) };
        if group.variants.is_empty() && group.shared.is_some() && !self.keeps_bare {
            return Ok(());
        }
        let Some((product, shared)) = self.put_shared(&mut group)? else {
            self.remember(&group, None);
            return Ok(());
        };
        self.remember(&group, Some(product));
        if self.keeps_bare {
            self.counts.count(shared);
        }
        for held in &group.variants {
            let opening = self.main.opening(held.quantity);
            let (id, put) = self.products.put_item(product, &held.item, held.known, opening)?;
            self.kept += 1;
            let counted = match held.quantity {
                Some(quantity) => self.main.count(id, quantity, put)?,
                None => Put::Same,
            };
            let beside = shared.max(counted).min(Put::Changed);
            self.counts.count(put.max(beside));
        }
        Ok(())
    }

    /// Writes what the variants share, if there is anything to keep.
    fn put_shared(&mut self, group: &mut Group) -> Result<Option<(ProductId, Put)>> {
        if group.variants.is_empty() && !(self.keeps_bare && group.shared.is_some()) {
            return Ok(None);
        }
        Ok(match (&mut group.shared, group.known) {
            (_, Some(known)) if group.is_joined => Some((known, Put::Same)),
            (Some(shared), known) => {
                group.images.sort_by_key(|image| image.position);
                shared.images = group.images.drain(..).map(|image| image.address).collect();
                shared.images.dedup();
                Some(self.products.put(shared, known)?)
            }
            (None, known) => known.map(|known| (known, Put::Same)),
        })
    }

    fn remember(&mut self, group: &Group, product: Option<ProductId>) {
        let axes = self.axes.iter().rposition(|axes| *axes == group.names).unwrap_or_else(|| {
            self.axes.push(group.names.clone());
            self.axes.len() - 1
        });
        let (first_record, axes) = (group.first_record, short(axes as u64));
        let closed = Closed { first_record, axes, product, is_told: false };
        let closed = self.closed.entry(xxh3_64(group.key.as_bytes())).or_insert(closed);
        closed.product = closed.product.or(product);
        let Some(product) = product else { return };
        for gtin in group.variants.iter().filter_map(|held| held.item.gtin.as_ref()) {
            if let Some(spot) = self.gtins.get_mut(&number(gtin)).filter(|spot| spot.product == 0) {
                spot.product = product.short();
            }
        }
    }

    /// Writes what is left and says which SKUs the file had; `None` where the catalog had none that could have gone.
    pub fn finish(mut self, findings: &mut Findings<'_>) -> Result<(Counts, Option<Seen>)> {
        self.close()?;
        if self.main.was_ignored {
            let message = "quantities of the products file were not read: the catalog counts units by location";
            findings.tell(
                Diagnostic::note("import/quantity-ignored", message).help("import an inventory file by location"),
            );
        }
        let has_others = self.had_products && self.change.count_variants()? != self.kept;
        Ok((self.counts, has_others.then_some(self.seen)))
    }
}

/// Its digits as a number: sixteen bytes a GTIN are enough to know a million of them.
fn number(gtin: &Gtin) -> u64 {
    gtin.as_str().parse().unwrap_or_default()
}

fn short(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Counts units at the location `main`, as long as the catalog has no other.
struct Main<'c, 'w> {
    change: &'c Change<'w>,
    /// `None` until it is made.
    id: Option<i64>,
    fulfills_online: bool,
    is_alone: bool,
    counter: Counter<'c, 'w>,
    on_hand: OnHand<'c>,
    was_ignored: bool,
}

impl<'c, 'w> Main<'c, 'w> {
    fn new(change: &'c Change<'w>) -> Result<Self> {
        let locations = change.locations()?;
        let is_alone = locations.iter().all(|location| location.code == MAIN);
        let known = locations.iter().find(|location| location.code == MAIN);
        Ok(Main {
            change,
            id: known.map(|known| known.id),
            fulfills_online: known.is_none_or(|known| known.fulfills_online),
            is_alone,
            counter: Counter::new(change, "products"),
            on_hand: change.on_hand()?,
            was_ignored: false,
        })
    }

    /// What is available of a variant that is made with this quantity; [`Main::count`] follows.
    fn opening(&self, quantity: Option<i64>) -> i64 {
        quantity.filter(|_| self.is_alone && self.fulfills_online).map_or(0, |quantity| quantity.max(0))
    }

    /// `put` is what became of the variant itself.
    fn count(&mut self, variant_id: i64, quantity: i64, put: Put) -> Result<Put> {
        if !self.is_alone {
            self.was_ignored = true;
            return Ok(Put::Same);
        }
        let location_id = match self.id {
            Some(id) => id,
            None => new_location(self.change, MAIN, "Main", "warehouse")?,
        };
        self.id = Some(location_id);
        if put == Put::New {
            return self.counter.count_first(variant_id, location_id, quantity).map(|()| Put::New);
        }
        let known = self.on_hand.at(variant_id, location_id)?;
        self.counter.count(variant_id, location_id, known, quantity)
    }
}
