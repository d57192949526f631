//! What one channel sees of stock and prices: the shop's policies, put between the catalog and whoever reads it.
//!
//! `item` and `item_stock` are covered by temporary views of the same names on one connection, so that templates, the
//! shop's own expressions and sections all read the channel's numbers without knowing of policies.
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::fault::fault;
use super::sql::all;
use crate::diagnostic::{Error, Place, Result};
use crate::price::PricePolicy;
use crate::stock::StockPolicy;
use crate::value::Currency;
use crate::value::closest::closest;

/// What a shop wants one channel to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offering {
    /// Where it is said, for messages: `channel.google`.
    pub section: String,
    pub stock: StockPolicy,
    pub price: PricePolicy,
}

/// SQL functions that carry the policies of one connection.
pub const FUNCTIONS: [&str; 3] = ["offered", "asked", "asked_sale"];

/// `availability` as the view `item` has it, of what is offered.
const AVAILABILITY: &str = "CASE WHEN tracked = 0 OR offered(available) > 0 THEN 'in_stock'
    WHEN availability_date IS NOT NULL THEN CASE WHEN sells_when_out = 1 THEN 'backorder' ELSE 'preorder' END
    WHEN sells_when_out = 1 THEN 'in_stock'
    ELSE 'out_of_stock' END";

impl Offering {
    fn is_plain(&self) -> bool {
        self.stock == StockPolicy::default() && self.price == PricePolicy::default()
    }

    /// Where the views that the channel may see are, once they are [covered](Offering::cover).
    pub fn schema(&self) -> &'static str {
        if self.is_plain() { "main" } else { "temp" }
    }

    /// Makes the views of this connection show what the channel may see.
    ///
    /// # Errors
    /// `stock/no-such-location`, `price/no-such-list`.
    pub fn cover(&self, conn: &Connection) -> Result<()> {
        if self.is_plain() {
            return Ok(());
        }
        self.register(conn)?;
        let list = self.list(conn)?;
        for view in ["item", "item_stock"] {
            let columns: Vec<String> = conn
                .prepare(&format!("SELECT * FROM main.{view}"))
                .map(|s| s.column_names().map(str::to_owned).collect())
                .map_err(fault)?;
            conn.execute_batch(&self.view(view, &columns, list.as_ref())).map_err(fault)?;
        }
        Ok(())
    }

    /// Gives `conn` the functions; the locations are checked, since a misspelled one would offer nothing.
    pub(super) fn register(&self, conn: &Connection) -> Result<()> {
        self.check_locations(conn)?;
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let stock = self.stock.clone();
        conn.create_scalar_function("offered", 1, flags, move |ctx| {
            Ok(ctx.get::<Option<i64>>(0)?.map(|available| stock.offered(available)))
        })
        .map_err(fault)?;
        let price = self.price.clone();
        conn.create_scalar_function("asked", 3, flags, move |ctx| {
            let (Some(minor), Some(currency)) = (ctx.get(0)?, currency(ctx, 1)?) else { return Ok(None) };
            Ok(price.price(minor, currency, ctx.get_raw(2).as_str_or_null().unwrap_or_default()))
        })
        .map_err(fault)?;
        let price = self.price.clone();
        conn.create_scalar_function("asked_sale", 4, flags, move |ctx| {
            let (Some(sale), Some(minor), Some(currency)) = (ctx.get(0)?, ctx.get(1)?, currency(ctx, 2)?) else {
                return Ok(None);
            };
            Ok(price.sale_price(sale, minor, currency, ctx.get_raw(3).as_str_or_null().unwrap_or_default()))
        })
        .map_err(fault)
    }

    /// Units of the variant with this id that count for the channel, as SQL.
    pub(super) fn available_of(&self, variant_id: &str, otherwise: &str) -> String {
        if self.stock.locations.is_empty() {
            return otherwise.to_owned();
        }
        format!(
            "(SELECT coalesce(sum(s.available), 0) FROM stock s JOIN location l ON l.id = s.location_id
              WHERE s.variant_id = {variant_id} AND l.active = 1 AND l.fulfills_online = 1 AND l.code IN ({}))",
            self.locations()
        )
    }

    fn locations(&self) -> String {
        self.stock.locations.iter().map(|code| quoted(code)).collect::<Vec<_>>().join(", ")
    }

    /// Three layers: what the list has, how much counts, what the policies make of it.
    fn view(&self, view: &str, columns: &[String], list: Option<&PriceList>) -> String {
        let by_store = view == "item_stock";
        let available = match by_store {
            true => "i.available".to_owned(),
            false => self.available_of("v.id", "i.available"),
        };
        let counted = columns.iter().map(|column| match column.as_str() {
            "available" => format!("{available} AS available"),
            "currency" => list.map_or("i.currency".into(), |l| format!("{} AS currency", l.currency("i"))),
            "price_minor" | "sale_price_minor" | "sale_from" | "sale_to" => {
                list.map_or(format!("i.{column}"), |l| format!("{} AS {column}", l.column("i", column)))
            }
            _ => format!("i.{column}"),
        });
        let mut from = format!("main.{view} i");
        if list.is_some() || (!by_store && !self.stock.locations.is_empty()) {
            from += " JOIN main.variant v ON v.sku = i.sku";
        }
        from += &list.map(PriceList::join).unwrap_or_default();
        let store = match by_store && !self.stock.locations.is_empty() {
            true => format!(" WHERE i.store_code IN ({})", self.locations()),
            false => String::new(),
        };
        let counted = counted.collect::<Vec<_>>().join(", ");
        let offered = if by_store { "offered(available)" } else { "iif(tracked = 0, available, offered(available))" };
        let told = columns.iter().map(|column| match column.as_str() {
            "available" => format!("{offered} AS available"),
            "availability" => format!("{AVAILABILITY} AS availability"),
            _ if self.price.is_plain() => column.clone(),
            "price_minor" => "asked(price_minor, currency, coalesce(category, product_type)) AS price_minor".to_owned(),
            "sale_price_minor" => format!("{ASKED_SALE} AS sale_price_minor"),
            "sale_from" | "sale_to" => {
                format!("iif(sale_price_minor IS NULL OR {ASKED_SALE} IS NOT NULL, {column}, NULL) AS {column}")
            }
            _ => column.clone(),
        });
        let told = told.collect::<Vec<_>>().join(", ");
        format!("CREATE TEMP VIEW {view} AS SELECT {told} FROM (SELECT {counted} FROM {from}{store});")
    }

    fn check_locations(&self, conn: &Connection) -> Result<()> {
        if self.stock.locations.is_empty() {
            return Ok(());
        }
        let known: Vec<String> =
            all(conn, "SELECT code FROM location WHERE active = 1 ORDER BY code", [], |r| r.get(0))?;
        match self.stock.locations.iter().find(|code| !known.contains(code)) {
            Some(code) => Err(self.unknown("stock/no-such-location", "location", "stock.locations", code, &known)),
            None => Ok(()),
        }
    }

    /// The price list to begin with.
    pub(super) fn list(&self, conn: &Connection) -> Result<Option<PriceList>> {
        let Some(code) = &self.price.list else { return Ok(None) };
        let lists = all(conn, "SELECT id, code, currency FROM price_list ORDER BY code", [], |r| {
            Ok((PriceList { id: r.get(0)?, currency: r.get(2)? }, r.get::<_, String>(1)?))
        })?;
        let known: Vec<String> = lists.iter().map(|(_, code)| code.clone()).collect();
        match lists.into_iter().find(|(_, known)| known == code) {
            Some((list, _)) => Ok(Some(list)),
            None => Err(self.unknown("price/no-such-list", "price list", "price.list", code, &known)),
        }
    }

    fn unknown(&self, fault: &'static str, what: &str, key: &str, code: &str, known: &[String]) -> Error {
        let help = match closest(code, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("the catalog has no {what} yet: import one"),
            None => format!("the catalog has {}", known.join(", ")),
        };
        Error::usage(fault, format!("there is no {what} `{code}`"))
            .at(Place::file("purvey.toml").attribute(format!("{}.{key}", self.section)))
            .help(help)
    }
}

const ASKED_SALE: &str = "asked_sale(sale_price_minor, price_minor, currency, coalesce(category, product_type))";

/// A price list of the catalog.
pub(super) struct PriceList {
    id: i64,
    currency: String,
}

impl PriceList {
    /// Joins the list's price of the variant `v`, if it has one.
    pub(super) fn join(&self) -> String {
        format!(" LEFT JOIN price pr ON pr.price_list_id = {} AND pr.variant_id = v.id", self.id)
    }

    /// What is not in the list keeps the price that `from` has, in its currency.
    pub(super) fn currency(&self, from: &str) -> String {
        format!("iif(pr.variant_id IS NULL, {from}.currency, {})", quoted(&self.currency))
    }

    /// Unless that is another currency than the list's: then there is none.
    pub(super) fn column(&self, from: &str, column: &str) -> String {
        let currency = quoted(&self.currency);
        format!(
            "CASE WHEN pr.variant_id IS NOT NULL THEN pr.{column} WHEN {from}.currency = {currency} THEN {from}.{column} END"
        )
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn currency(ctx: &Context<'_>, position: usize) -> rusqlite::Result<Option<Currency>> {
    let code = ctx.get_raw(position).as_str_or_null()?;
    Ok(code.and_then(|code| Currency::parse(code).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::shop_with;

    fn offering(stock: &str, price: &str) -> Offering {
        let section = "channel.google".to_owned();
        Offering { section, stock: toml::from_str(stock).unwrap(), price: toml::from_str(price).unwrap() }
    }

    /// A shop with five units here, three in a store that sells only there, and a price list.
    fn shop(dir: &std::path::Path) -> Connection {
        let (catalog, writer) = shop_with(dir, 5);
        writer
            .conn
            .execute_batch(
                "UPDATE location SET fulfills_online = 0 WHERE code = 'SHOP';
                 INSERT INTO stock SELECT id, 2, 3, 0, 0, 3, 1 FROM variant;
                 UPDATE variant SET price_minor = 1000, sale_price_minor = 990, sale_from = '2026-11-01T00:00:00Z',
                   currency = 'EUR', availability_date = '2027-01-01T00:00:00Z';
                 INSERT INTO price_list VALUES (1, 'uk', 'GBP', 'GB'), (2, 'b2b', 'EUR', NULL);
                 INSERT INTO price SELECT 1, id, 800, NULL, NULL, NULL, 1 FROM variant;",
            )
            .unwrap();
        drop(writer);
        catalog.read().unwrap().into_connection()
    }

    fn rows(conn: &Connection, sql: &str) -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        let width = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| {
            let cells = (0..width).map(|i| Ok(format!("{:?}", row.get::<_, rusqlite::types::Value>(i)?)));
            cells.collect::<rusqlite::Result<Vec<_>>>().map(|cells| cells.join(" "))
        };
        statement.query_map([], read).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_policy_that_changes_nothing_shows_the_catalog_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let conn = shop(dir.path());
        offering("max = 1000000", "round = '0.01'\nlist = 'b2b'").cover(&conn).unwrap();
        for view in ["item", "item_stock"] {
            let (covered, own) =
                (rows(&conn, &format!("SELECT * FROM {view}")), rows(&conn, &format!("SELECT * FROM main.{view}")));
            assert!(!own.is_empty());
            assert_eq!(covered, own, "{view}");
        }
    }

    #[test]
    fn stock_and_prices_are_those_of_the_channel() {
        let dir = tempfile::tempdir().unwrap();
        for (stock, price, item, by_store) in [
            ("buffer = 2", "", "3 in_stock 1000 990 EUR", "MAIN 3, SHOP 1"),
            ("buffer = 5", "", "0 preorder 1000 990 EUR", "MAIN 0, SHOP 0"),
            ("locations = ['SHOP']", "", "0 preorder 1000 990 EUR", "SHOP 3"),
            ("locations = ['MAIN']\nmax = 4", "", "4 in_stock 1000 990 EUR", "MAIN 4"),
            ("", "percent = 10", "5 in_stock 1100 1089 EUR", "MAIN 5, SHOP 3"),
            ("", "round = '.99'", "5 in_stock 999 - EUR", "MAIN 5, SHOP 3"),
            ("", "list = 'uk'\nadd = '0.50'", "5 in_stock 850 - GBP", "MAIN 5, SHOP 3"),
            ("", "list = 'b2b'", "5 in_stock 1000 990 EUR", "MAIN 5, SHOP 3"),
        ] {
            let conn = shop(dir.path());
            offering(stock, price).cover(&conn).unwrap();
            let text = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, String>(0)).unwrap();
            let seen =
                "concat_ws(' ', available, availability, price_minor, coalesce(sale_price_minor, '-'), currency)";
            assert_eq!(text(&format!("SELECT {seen} FROM item")), item, "{stock} {price}");
            let seen = "SELECT group_concat(store_code || ' ' || available, ', ' ORDER BY store_code) FROM item_stock";
            assert_eq!(text(seen), by_store, "{stock} {price}");
            std::fs::remove_file(dir.path().join("shop.db")).unwrap();
        }
    }

    #[test]
    fn a_misspelled_location_or_list_is_an_error_and_not_an_empty_shop() {
        let dir = tempfile::tempdir().unwrap();
        let conn = shop(dir.path());
        let error = offering("locations = ['MIAN']", "").cover(&conn).unwrap_err();
        assert_eq!((error.code, error.help.as_deref()), ("stock/no-such-location", Some("did you mean `MAIN`?")));
        assert_eq!(error.place.attribute.as_deref(), Some("channel.google.stock.locations"));
        let error = offering("", "list = 'us'").cover(&conn).unwrap_err();
        assert_eq!(error.code, "price/no-such-list");
    }
}
