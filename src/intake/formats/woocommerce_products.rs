//! WooCommerce's product export: one record for each product or variation, told apart by `Type`.
//!
//! A variation names its product in `Parent`, by SKU or as `id:44`; what variants share is read from there. Grouped
//! products are no items: their parts are. The header is in the language of the shop. `Published` is 1, 0 (private) or
//! -1 (draft). Without a number in `Stock`, units are not counted, unless the product is said to be out of stock.
use crate::catalog::{Carried, ItemGroup, ProductField, VariantField};
use crate::diagnostic::{Diagnostic, Result as Fallible};
use crate::intake::cell::{self, Custom};
use crate::intake::findings::{Findings, Refusal};
use crate::intake::mapping::Mapping;
use crate::intake::options::Options;
use crate::intake::products::layout::{Layout, Meaning as M};
use crate::intake::products::parents::{Parent, Parents};
use crate::intake::products::row::{Field, Late, ProductReader, ProductRow, Variant};
use crate::intake::products::table::{ProductTable, in_order};
use crate::intake::rows::table::Record;
use crate::value::Invalid;
use serde_json::Value;

pub const TYPE: &str = "Type|Typ|Tipo|Тип";
pub const SKU: &str = "SKU|Artikelnummer|UGS|COD|Артикул|Referência|Artikelnummer (SKU)";
pub const NAME: &str = "Name|Nom|Nombre|Nome|Naam|Nazwa|Имя|Название";
pub const PRICE: &str = "Regular price|Regulärer Preis|Tarif régulier|Precio normal|Prezzo di listino|Reguliere prijs|\
    Cena regularna|Preço normal|Базовая цена|Обычная цена";
pub const CATEGORIES: &str =
    "Categories|Kategorien|Catégories|Categorías|Categorie|Categorieën|Kategorie|Categorias|Категории";
pub const IMAGES: &str = "Images|Bilder|Imágenes|Immagini|Afbeeldingen|Obrazki|Imagens|Изображения";
pub const PUBLISHED: &str =
    "Published|Veröffentlicht|Publié|Publicado|Pubblicato|Gepubliceerd|Opublikowano|Опубликован";
pub const DESCRIPTION: &str = "Description|Beschreibung|Descripción|Descrizione|Beschrijving|Opis|Descrição|Описание";
const PARENT: &str = "Parent|Übergeordnetes Produkt|Superior|Genitore|Hoofd|Родительский";
const IN_STOCK: &str = "In stock?|Vorrätig?|En stock ?|¿Existencias?|In stock?|Op voorraad?|В наличии?";
/// Names of the columns of the n-th attribute and its values.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("Attribute {} name", "Attribute {} value(s)"),
    ("Attribut {} Name", "Attribut {} Wert(e)"),
    ("Nombre del atributo {}", "Valor(es) del atributo {}"),
    ("Название атрибута {}", "Значения атрибутов {}"),
];

const LAYOUT: Layout<'static> = Layout {
    source: "woocommerce-products",
    columns: &[
        (M::Sku, SKU),
        (M::Title, NAME),
        (M::Price, PRICE),
        (M::Description, DESCRIPTION),
        (
            M::ShortDescription,
            "Short description|Kurzbeschreibung|Description courte|Descripción corta|Краткое описание",
        ),
        (
            M::SalePrice,
            "Sale price|Angebotspreis|Tarif promo|Precio rebajado|Prezzo in offerta|Actieprijs|Акционная цена",
        ),
        (M::SaleFrom, "Date sale price starts"),
        (M::SaleTo, "Date sale price ends"),
        (M::Weight, "Weight (*|Gewicht (*|Poids (*|Peso (*|Вес (*"),
        (M::Tags, "Tags|Schlagwörter|Étiquettes|Etiquetas|Метки"),
        (M::Images, IMAGES),
        (M::ProductType, CATEGORIES),
        (M::Status, PUBLISHED),
        (M::Brand, "Brands|Marken|Marques|Marcas|Бренды"),
        (M::Gtin, "GTIN, UPC, EAN, or ISBN"),
        (M::Quantity, "Stock|Lager|Lagerbestand|Inventario|Запасы"),
        (M::Path, "Permalink"),
        (M::SellsWhenOut, "Backorders allowed?|Lieferrückstande erlaubt?"),
    ],
    custom: Custom::Program,
    separators: &[','],
    ..Layout::PLAIN
};

pub struct WooProducts {
    table: ProductTable,
    id: Option<usize>,
    kind: Option<usize>,
    parent: Option<usize>,
    in_stock: Option<usize>,
    external: Option<usize>,
    attributes: Vec<(usize, usize)>,
    /// By key, and by `id:44`.
    parents: Parents,
    /// Key of the record before.
    group: String,
}

#[derive(PartialEq, Eq)]
enum Role {
    Item,
    Parent,
    Variation,
    Bundle,
}

impl WooProducts {
    pub fn new(mapping: &mut Mapping<'_>, options: &Options) -> Self {
        let mut table = ProductTable::new(&LAYOUT, mapping, options);
        table.carries(
            &[ProductField::Attributes],
            &[VariantField::Options, VariantField::Image, VariantField::Tracked, VariantField::Attributes],
        );
        let mut attributes = Vec::new();
        for n in 1..=mapping.table().header().len() {
            let found = ATTRIBUTES.iter().find_map(|(name, values)| {
                let name = mapping.find(&name.replace("{}", &n.to_string()), "attribute or option axis")?;
                Some((name, mapping.find(&values.replace("{}", &n.to_string()), "attribute or option choice")?))
            });
            match found {
                Some(pair) => attributes.push(pair),
                None => break,
            }
        }
        WooProducts {
            id: mapping.find("ID", "key of the product where it has no SKU"),
            kind: mapping.find(TYPE, "whether it is a product or a variation"),
            parent: mapping.find(PARENT, "item group"),
            in_stock: mapping.find(IN_STOCK, "whether it is in stock"),
            external: mapping.find("External URL", "attribute external_url"),
            attributes,
            table,
            parents: Parents::default(),
            group: String::new(),
        }
    }

    fn role(&self, record: &Record<'_>) -> Result<Role, Refusal> {
        let column = self.kind.unwrap_or_default();
        let text = record.text(self.kind).to_ascii_lowercase();
        let mut words = text.split(',').map(str::trim);
        let role = words.find_map(|word| match word {
            "variation" => Some(Role::Variation),
            "variable" => Some(Role::Parent),
            "grouped" | "bundle" | "composite" => Some(Role::Bundle),
            "simple" | "external" | "subscription" | "virtual" | "downloadable" | "" => Some(Role::Item),
            _ => None,
        });
        // `variation, downloadable` in any order
        let role = if text.contains("variation") { Some(Role::Variation) } else { role };
        role.ok_or_else(|| {
            let help = "simple, variable, variation, external and grouped are known";
            cell::refusal(record, column, Invalid::new("import/product-type", "this is no known type of product", help))
        })
    }

    /// SKU, else `id:44`.
    fn key(&self, record: &Record<'_>) -> Result<String, Refusal> {
        match (cell::sku_text(record, self.table.at(M::Sku)), record.text(self.id)) {
            ("", "") => {
                let invalid = Invalid::new("import/no-sku", "the record has neither a SKU nor an ID", "give it a SKU");
                Err(self.table.refuse(record, M::Sku, invalid))
            }
            ("", id) => Ok(format!("id:{id}")),
            (sku, _) => Ok(sku.to_owned()),
        }
    }

    fn values<'r>(&'r self, record: &'r Record<'r>) -> impl Iterator<Item = (String, String)> + 'r {
        let pairs = self.attributes.iter().map(|(name, value)| (record.text(Some(*name)), record.text(Some(*value))));
        pairs.filter(|(name, value)| !name.is_empty() && !value.is_empty()).map(|(n, v)| (n.to_owned(), v.to_owned()))
    }

    fn shared(&self, key: &str, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ItemGroup, Refusal> {
        let mut shared = self.table.shared(key, record, findings)?;
        if let Some(all) = shared.product_type.take() {
            // categories are parted by commas, a comma in a name is escaped
            let all: Vec<String> =
                all.replace("\\,", "\u{0}").split(',').map(|c| c.trim().replace('\u{0}', ",")).collect();
            shared.product_type = all.first().cloned();
            if all.len() > 1 {
                shared.attributes.insert("categories".to_owned(), Value::from(all.join(" | ")));
            }
        }
        let single = self.values(record).filter(|(_, value)| !value.contains(','));
        shared.attributes.extend(single.map(|(name, value)| (name, Value::from(value))));
        if let Some(address) = cell::word(record, self.external) {
            shared.attributes.insert("external_url".to_owned(), Value::from(address));
        }
        Ok(shared)
    }

    fn variant(
        &self,
        key: &str,
        choices: Vec<String>,
        record: &Record<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<Variant, Refusal> {
        let sku = self.table.sku(record)?;
        let mut variant = self.table.variant(key, sku, choices, record, findings)?;
        let stock = record.text(self.table.at(M::Quantity));
        let is_out = cell::flag(record, self.in_stock)? == Some(false);
        variant.item.tracked = !stock.is_empty() || is_out;
        if stock.is_empty() && is_out {
            variant.quantity = Some(0);
        }
        Ok(variant)
    }

    fn product(
        &mut self,
        role: &Role,
        record: &Record<'_>,
        findings: &mut Findings<'_>,
    ) -> Result<ProductRow, Refusal> {
        let key = self.key(record)?;
        let sku = self.table.sku(record)?;
        let read =
            self.shared(&key, record, findings).and_then(|shared| Ok((shared, self.table.images(record, findings)?)));
        if *role == Role::Parent {
            let (shared, images) = read?;
            let parent = Parent { shared, images };
            let id = record.text(self.id);
            if !id.is_empty() {
                self.parents.keep(&format!("id:{id}"), parent.clone());
            }
            self.parents.keep(&key, parent);
            return Ok(ProductRow::nothing());
        }
        self.group.clone_from(&key);
        let (shared, images, variant) = match read {
            Ok((shared, images)) => {
                let variant = self.variant(&key, Vec::new(), record, findings);
                (Some(shared), images, variant.map(Some))
            }
            Err(refusal) => (None, Vec::new(), Err(refusal)),
        };
        Ok(ProductRow { group: key, shared, names: Vec::new(), sku, variant, images: in_order(images) })
    }

    fn variation(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        let Some(parent) = self.parents.get(record.text(self.parent)) else {
            let help = "export parent and variations into one file, the parent above";
            let invalid = Invalid::new("import/no-parent", "no variable product above has this key", help);
            return Err(cell::refusal(record, self.parent.unwrap_or_default(), invalid));
        };
        let key = parent.shared.item_group_id.clone();
        let is_first = key != self.group;
        let (shared, images) = match is_first {
            true => (Some(parent.shared.clone()), in_order(parent.images.clone())),
            false => (None, Vec::new()),
        };
        self.group.clone_from(&key);
        let (names, choices): (Vec<_>, Vec<_>) = self.values(record).unzip();
        let own = self.table.images(record, findings);
        let variant = self.variant(&key, choices, record, findings).and_then(|mut variant| {
            variant.item.image = own?.into_iter().next();
            Ok(Some(variant))
        });
        Ok(ProductRow { group: key, shared, names, sku: self.table.sku(record)?, variant, images })
    }
}

impl ProductReader for WooProducts {
    fn source(&self) -> &str {
        self.table.source()
    }

    fn carried(&self) -> &Carried {
        self.table.carried()
    }

    fn column(&self, field: Field) -> Option<usize> {
        match field {
            Field::Group => self.parent,
            Field::OptionName(axis) => self.attributes.get(axis).map(|(name, _)| *name),
            other => self.table.column(other),
        }
    }

    fn has_sku(&self, record: &Record<'_>) -> Option<bool> {
        let is_item = matches!(self.role(record), Ok(Role::Item | Role::Variation));
        is_item.then(|| !record.text(self.table.at(M::Sku)).is_empty())
    }

    fn read(&mut self, record: &Record<'_>, findings: &mut Findings<'_>) -> Result<ProductRow, Refusal> {
        match self.role(record)? {
            Role::Bundle => {
                let message = "grouped products are not taken: what is sold are their parts";
                let place = record.place(self.kind.unwrap_or_default());
                findings
                    .tell_once(Diagnostic::note("import/grouped-product", message).at(place), "import/grouped-product");
                Ok(ProductRow::nothing())
            }
            Role::Variation => self.variation(record, findings),
            role => self.product(&role, record, findings),
        }
    }

    fn late(&mut self, _: bool) -> Fallible<Option<Late>> {
        self.parents.fault().map_or(Ok(None), Err)
    }
}
