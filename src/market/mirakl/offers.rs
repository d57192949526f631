//! Stock and prices: CSV imports, each a job that is polled, and a report of the lines that were refused.
//!
//! Stock goes by STO01 and prices by PRI01, never by OF24: that one resets every field of an offer it is not given.
//! PRI01 deletes an offer's other prices (volume, channel, discount), so a price always goes out with its discount.
use std::collections::HashSet;

use super::{Mirakl, wire};
use crate::diagnostic::{Error, Result};
use crate::market::faults::rejected;
use crate::market::{Body, ItemResult, Method, OfferUpdate, Polled, Port, Request, Response, Submitted};
use crate::value::{Currency, Money};

/// One kind of import: its calls, and the operations they count as.
pub(super) struct Kind {
    /// Begins the job's name, so that `poll` knows the kind.
    name: &'static str,
    folder: &'static str,
    pub import: &'static str,
    pub status: &'static str,
    columns: &'static [&'static str],
}

pub(super) const STOCK: Kind = Kind {
    name: "stock",
    folder: "stock",
    import: "stock-import",
    status: "stock-status",
    columns: &["offer-sku", "quantity", "warehouse-code", "update-delete"],
};

pub(super) const PRICE: Kind = Kind {
    name: "price",
    folder: "pricing",
    import: "price-import",
    status: "price-status",
    columns: &["offer-sku", "price", "discount-price", "discount-start-date", "discount-end-date"],
};

const SEPARATOR: u8 = b';';

/// What one offer adds to a file: nothing, a row, or the reason why it cannot go.
type Row = Option<Result<Vec<String>, String>>;

impl Kind {
    fn row(&self, offer: &OfferUpdate) -> Row {
        match self.name {
            "stock" => stock_row(offer),
            _ => price_row(offer),
        }
    }
}

fn stock_row(offer: &OfferUpdate) -> Row {
    let quantity = offer.quantity?;
    if quantity < 0 {
        return Some(Err(format!("the quantity {quantity} is below zero")));
    }
    Some(Ok(vec![offer.sku.clone(), quantity.to_string(), String::new(), "update".to_owned()]))
}

fn price_row(offer: &OfferUpdate) -> Row {
    let (price, sale) = match (offer.price_minor, offer.sale_price_minor) {
        (None, None) => return None,
        (None, Some(_)) => {
            return Some(Err("a sale price replaces all prices, so it needs the price beside it".to_owned()));
        }
        (Some(price), sale) => (price, sale),
    };
    let currency = match offer.currency.as_deref().map(Currency::parse) {
        Some(Ok(currency)) => currency,
        Some(Err(invalid)) => return Some(Err(invalid.message)),
        None => return Some(Err("the price has no currency".to_owned())),
    };
    if price <= 0 || sale.is_some_and(|sale| sale <= 0) {
        return Some(Err("a price must be above zero".to_owned()));
    }
    let decimal = |minor| Money::new(minor, currency).to_decimal_string();
    let sale = sale.map(decimal).unwrap_or_default();
    Some(Ok(vec![offer.sku.clone(), decimal(price), sale, String::new(), String::new()]))
}

impl Mirakl {
    /// STO01 first, since stock is the more urgent; the job's name holds both imports.
    pub(super) fn import(&self, port: &dyn Port, offers: &[OfferUpdate]) -> Result<Submitted> {
        let currencies: HashSet<&str> = offers.iter().filter_map(|offer| offer.currency.as_deref()).collect();
        if currencies.len() > 1 {
            return Err(Error::input("market/currencies", "one push holds prices in more than one currency")
                .help("a shop at a marketplace has one currency: choose the prices of that one for this account"));
        }
        let (mut jobs, mut results) = (Vec::new(), Vec::new());
        for kind in [&STOCK, &PRICE] {
            let mut rows = Vec::new();
            for (offer, row) in offers.iter().filter_map(|offer| Some((offer, kind.row(offer)?))) {
                match row {
                    Ok(row) => rows.push(row),
                    Err(why) => results.push(ItemResult { sku: offer.sku.clone(), refused: Some(why) }),
                }
            }
            if !rows.is_empty() {
                jobs.extend(self.upload(port, kind, &rows)?);
            }
        }
        Ok(Submitted { job: (!jobs.is_empty()).then(|| jobs.join(" ")), results })
    }

    /// The job, such as `stock:9001`; none in a dry run.
    fn upload(&self, port: &dyn Port, kind: &Kind, rows: &[Vec<String>]) -> Result<Option<String>> {
        let name = format!("{}.csv", kind.name);
        let body = Body::File { field: "file", name, media_type: "text/csv", bytes: csv_of(kind.columns, rows)? };
        // absolute values: twice is the same as once
        let request = Request::new(Method::Post, kind.import, &["api", "offers", kind.folder, "imports"])?;
        let response = self.send(port, request.body(body).repeatable())?;
        if response.is_withheld() {
            return Ok(None);
        }
        let made: wire::Imported = response.json()?;
        Ok(Some(format!("{}:{}", kind.name, made.import_id)))
    }

    pub(super) fn poll_import(&self, port: &dyn Port, job: &str, sent: &[OfferUpdate]) -> Result<Polled> {
        let mut ended = Vec::new();
        for part in job.split(' ') {
            let parsed = part.split_once(':').and_then(|(name, id)| Some((kind_of(name)?, id)));
            let (kind, id) = parsed.ok_or_else(|| Error::bug(format!("`{job}` is no import")))?;
            let import = self.status(port, kind, id)?;
            if !matches!(import.status.as_str(), "COMPLETE" | "FAILED") {
                return Ok(Polled::Pending);
            }
            ended.push((kind, import));
        }
        let mut refused = Vec::new();
        for (kind, import) in ended {
            let rows = sent.iter().filter(|offer| matches!(kind.row(offer), Some(Ok(_))));
            let rows: Vec<&str> = rows.map(|offer| offer.sku.as_str()).collect();
            if import.status == "FAILED" {
                let why = import.reason_status.unwrap_or_else(|| "the import failed".to_owned());
                refused.extend(rows.iter().map(|sku| ((*sku).to_owned(), why.clone())));
            } else if import.has_error_report {
                refused.extend(self.report(port, kind, &import.import_id, &rows)?);
            }
        }
        Ok(Polled::Done(results(sent, refused)))
    }

    /// STO02, PRI02.
    fn status(&self, port: &dyn Port, kind: &Kind, id: &str) -> Result<wire::Import> {
        let missing = || rejected(format!("the marketplace does not know import {id}"));
        if kind.name == STOCK.name {
            let request = Request::get(kind.status, &["api", "offers", kind.folder, "imports", id, "status"])?;
            return self.send(port, request)?.json();
        }
        let request = Request::get(kind.status, &["api", "offers", kind.folder, "imports"])?.query("import_id", id);
        let told: wire::Imports = self.send(port, request)?.json()?;
        told.data.into_iter().find(|import| import.import_id == id).ok_or_else(missing)
    }

    /// STO03, PRI03: SKU and reason of each refused line.
    fn report(&self, port: &dyn Port, kind: &Kind, id: &str, rows: &[&str]) -> Result<Vec<(String, String)>> {
        let request = Request::get("import-report", &["api", "offers", kind.folder, "imports", id, "error_report"])?;
        read_report(&self.send(port, request)?, rows)
    }
}

fn kind_of(name: &str) -> Option<&'static Kind> {
    [&STOCK, &PRICE].into_iter().find(|kind| kind.name == name)
}

/// One result for every offer sent, and one more for every refused line that names none of them.
fn results(sent: &[OfferUpdate], refused: Vec<(String, String)>) -> Vec<ItemResult> {
    let reasons = |sku: &str| {
        let reasons: Vec<&str> =
            refused.iter().filter(|(other, _)| other == sku).map(|(_, why)| why.as_str()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    };
    let skus: HashSet<&str> = sent.iter().map(|offer| offer.sku.as_str()).collect();
    let strangers = refused.iter().filter(|(sku, _)| !skus.contains(sku.as_str()));
    let strangers = strangers.map(|(sku, why)| ItemResult { sku: sku.clone(), refused: Some(why.clone()) });
    let known = sent.iter().map(|offer| ItemResult { sku: offer.sku.clone(), refused: reasons(&offer.sku) });
    known.chain(strangers).collect()
}

fn csv_of(columns: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    let broken = |e: &dyn std::fmt::Display| Error::bug(format!("an import file cannot be written: {e}"));
    let mut writer = csv::WriterBuilder::new().delimiter(SEPARATOR).from_writer(Vec::new());
    writer.write_record(columns).map_err(|e| broken(&e))?;
    for row in rows {
        writer.write_record(row).map_err(|e| broken(&e))?;
    }
    writer.into_inner().map_err(|e| broken(&e))
}

/// The first column is the line of the file that was sent (its header is line 1), the second the reason; the file's own
/// columns may follow. `rows` are the SKUs of the lines after the header.
fn read_report(response: &Response, rows: &[&str]) -> Result<Vec<(String, String)>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(SEPARATOR).flexible(true).from_reader(response.body.as_slice());
    let broken = |e: csv::Error| {
        Error::new(
            crate::diagnostic::Kind::Unavailable,
            "market/unreadable",
            format!("an error report cannot be read: {e}"),
        )
        .help("see the report on the marketplace's own pages")
        .source(e)
    };
    let header = reader.byte_headers().map_err(broken)?.clone();
    let sku_column = header.iter().position(|name| name == b"offer-sku");
    let mut refused = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(broken)?;
        let cell = |column: usize| record.get(column).map(|cell| String::from_utf8_lossy(cell).into_owned());
        let line = cell(0).unwrap_or_default();
        let sent = line.trim().parse::<usize>().ok().and_then(|line| rows.get(line.checked_sub(2)?));
        let named = sku_column.and_then(cell).filter(|sku| !sku.is_empty());
        let sku = named.or_else(|| sent.map(|sku| (*sku).to_owned())).unwrap_or_else(|| format!("line {line}"));
        refused.push((sku, cell(1).unwrap_or_default()));
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(sku: &str, quantity: Option<i64>, price: Option<i64>, sale: Option<i64>) -> OfferUpdate {
        OfferUpdate {
            sku: sku.to_owned(),
            quantity,
            price_minor: price,
            sale_price_minor: sale,
            currency: price.or(sale).map(|_| "EUR".to_owned()),
        }
    }

    #[test]
    fn files_are_as_the_document_has_them() {
        let file = |kind: &Kind, offers: &[OfferUpdate]| {
            let rows: Vec<_> = offers.iter().filter_map(|o| kind.row(o)?.ok()).collect();
            String::from_utf8(csv_of(kind.columns, &rows).unwrap()).unwrap()
        };
        let offers = [
            offer("A;1", Some(0), Some(1290), Some(990)),
            offer("B", None, Some(5), None),
            offer("C", Some(3), None, None),
        ];
        assert_eq!(
            file(&STOCK, &offers),
            "offer-sku;quantity;warehouse-code;update-delete\n\"A;1\";0;;update\nC;3;;update\n"
        );
        assert_eq!(
            file(&PRICE, &offers),
            "offer-sku;price;discount-price;discount-start-date;discount-end-date\n\"A;1\";12.90;9.90;;\nB;0.05;;;\n"
        );
    }

    #[test]
    fn what_would_do_harm_is_refused_here() {
        for (kind, offer) in [
            (&STOCK, offer("A", Some(-1), None, None)),
            (&PRICE, offer("A", None, None, Some(5))),
            (&PRICE, offer("A", None, Some(0), None)),
            (&PRICE, OfferUpdate { currency: None, ..offer("A", None, Some(5), None) }),
        ] {
            assert!(matches!(kind.row(&offer), Some(Err(_))), "{offer:?}");
        }
    }

    #[test]
    fn a_report_names_the_offer_or_its_line() {
        let read = |text: &str| {
            let response = Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() };
            read_report(&response, &["A", "B"]).unwrap()
        };
        let pair = |sku: &str, why: &str| (sku.to_owned(), why.to_owned());
        assert_eq!(read("\"error-line\";\"error-message\"\n3;\"no; such\"\n"), [pair("B", "no; such")]);
        assert_eq!(read("error-line;error-message;offer-sku;quantity\n2;bad;X;1\n"), [pair("X", "bad")]);
        assert_eq!(read("error-line;error-message\n9;bad\n1;bad\n"), [pair("line 9", "bad"), pair("line 1", "bad")]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn every_offer_has_one_result() {
        let sent = [offer("A", Some(1), Some(1), None), offer("B", Some(1), None, None)];
        let pair = |sku: &str, why: &str| (sku.to_owned(), why.to_owned());
        let got = results(&sent, vec![pair("A", "stock"), pair("A", "price"), pair("line 9", "odd")]);
        let got: Vec<_> = got.iter().map(|r| (r.sku.as_str(), r.refused.as_deref())).collect();
        assert_eq!(got, [("A", Some("stock; price")), ("B", None), ("line 9", Some("odd"))]);
    }

    #[test]
    fn an_import_is_pending_until_it_ends_and_a_failed_one_refuses_its_offers() {
        struct Says(&'static str);
        impl Port for Says {
            fn send(&self, _: Request) -> Result<Response> {
                let body = format!(
                    r#"{{"import_id":"1","status":"{}","has_error_report":null,"reason_status":"bad"}}"#,
                    self.0
                );
                Ok(Response { status: 200, headers: Vec::new(), body: body.into_bytes() })
            }

            fn now(&self) -> jiff::Timestamp {
                jiff::Timestamp::UNIX_EPOCH
            }
        }
        let sent = [offer("A", Some(1), None, None), offer("B", None, Some(5), None)];
        let mirakl = Mirakl { shop_id: None, carriers: std::sync::Mutex::default() };
        let poll = |status, job: &str| mirakl.poll_import(&Says(status), job, &sent);
        for status in ["WAITING", "RUNNING", "SOMETHING_NEW"] {
            assert_eq!(poll(status, "stock:1").unwrap(), Polled::Pending);
        }
        let done = |refused: Option<&str>| {
            let result =
                |sku: &str, refused: Option<&str>| ItemResult { sku: sku.into(), refused: refused.map(str::to_owned) };
            Polled::Done(vec![result("A", refused), result("B", None)])
        };
        assert_eq!(poll("COMPLETE", "stock:1").unwrap(), done(None));
        assert_eq!(poll("FAILED", "stock:1").unwrap(), done(Some("bad")));
        assert_eq!(poll("FAILED", "nonsense").unwrap_err().code, "purvey/bug");
    }
}
