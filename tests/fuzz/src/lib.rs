//! What the fuzz targets do with bytes; `tests/seeds.rs` does the same with the committed seeds, on stable.
//!
//! The first byte of an input says which reader is meant, from `0` up, so that seeds can be written with any editor;
//! where nothing has to be chosen it is skipped all the same. Beyond not crashing, what is said has to lie inside the
//! file, no fault may be purvey's own, and a file that was taken is the same the second time.
use jiff::Timestamp;
use purvey::catalog::{Catalog, Writer};
use purvey::channel::{Channel, Contract, Guarded, Parameter, Settings};
use purvey::diagnostic::{Diagnostic, Error, Kind as Fault, Place};
use purvey::feed::{Findings, check as check_feed};
use purvey::intake::bytes::remote::Remote;
use purvey::intake::bytes::source::Source;
use purvey::intake::detect::{FORMATS, Format, Kind};
use purvey::intake::{Imported, MappingFile, Options, explain, import, mapping};
use purvey::market::host::{Replay, Transport};
use purvey::market::{Account, Port, PullFrom, Request, Response, Secret, connector};
use purvey::shop::Config;
use purvey::value::{Carrier, Country, Currency, Gtin, Money, Sku, TrackingNumber, time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const NOW: &str = "2026-11-25T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The choice and the rest.
fn split(data: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((usize::from(first.wrapping_sub(b'0')), rest))
}

fn options() -> Options {
    let channels = || BTreeMap::from([("google".to_owned(), vec!["title".to_owned(), "price".to_owned()])]);
    Options {
        channels: purvey::intake::channels(channels),
        location: Some("S1".to_owned()),
        ..Options::new(Currency::parse("EUR").unwrap(), now())
    }
}

/// A shop with a few products, one place, and a lock on both.
struct Shop {
    dir: TempDir,
    writer: Writer,
}

impl Shop {
    fn new() -> Shop {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        catalog.create(now()).unwrap();
        let writer = catalog.write("fuzz", now(), Duration::ZERO).unwrap();
        let mut shop = Shop { dir, writer };
        for text in [
            "store_code,name\nS1,Shop\n",
            "sku,title,price\nA-1,Mug,12.00\nB-1,Cup,9.00\n",
            include_str!("../seeds/orders/lines").trim_start_matches('0'),
        ] {
            shop.import(text.as_bytes(), &options()).unwrap();
        }
        shop
    }

    fn import(&mut self, bytes: &[u8], options: &Options) -> Result<Imported, Error> {
        let source = Source::bytes("input", bytes)?;
        import(&mut self.writer, source, options, &mut |finding| inside(bytes, &finding.place), &mut |_| {})
    }
}

thread_local! {
    static SHOP: RefCell<Shop> = RefCell::new(Shop::new());
}

/// A line that is named has to be there. What an archive holds has other lines than its bytes.
fn inside(bytes: &[u8], place: &Place) {
    let is_packed = bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"PK");
    let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
    assert!(is_packed || place.line.is_none_or(|line| (1..=lines).contains(&line)), "{place:?} of {lines} lines");
}

fn never_ours<T>(bytes: &[u8], result: Result<T, Error>) -> Option<T> {
    result
        .map_err(|error| {
            assert!(!matches!(error.kind, Fault::Bug), "{error}");
            inside(bytes, &error.place);
        })
        .ok()
}

/// Twice, into a shop of its own, where the first time brought something. Whether anything went in, and nothing was
/// refused.
fn take(bytes: &[u8], options: &Options) -> bool {
    let dry = Options { dry_run: true, ..options.clone() };
    let taken = SHOP.with_borrow_mut(|shop| shop.import(bytes, &dry));
    let Some(taken) = never_ours(bytes, taken) else { return false };
    let is_in = taken.refused + taken.held == 0 && taken.counts.new + taken.counts.changed + taken.counts.same > 0;
    // a file that contradicts itself is not the same twice: only where all of it was new
    if !is_in || taken.counts.new == 0 || taken.counts.new != taken.records {
        return is_in;
    }
    let mut own = Shop::new();
    own.import(bytes, options).expect("what a dry run took is taken");
    let again = own.import(bytes, options).expect("what was taken is taken again");
    assert_eq!((again.counts.new, again.counts.changed), (0, 0), "the second time changed something");
    true
}

/// By its header with `0`, as one of the formats with what follows.
fn table(data: &[u8], belongs: impl Fn(&Format) -> bool, kind: Option<Kind>) -> bool {
    let Some((choice, bytes)) = split(data) else { return false };
    let names: Vec<&str> = FORMATS.iter().filter(|format| belongs(format)).map(|format| format.name).collect();
    let format = choice.checked_sub(1).map(|at| names[at % names.len()].to_owned());
    take(bytes, &Options { kind: kind.filter(|_| format.is_none()), format, ..options() })
}

pub fn products(data: &[u8]) -> bool {
    table(data, |format| format.kind == Kind::Products, Some(Kind::Products))
}

/// Stock, prices, locations, tracking, reviews, overrides.
pub fn tables(data: &[u8]) -> bool {
    table(data, |format| !matches!(format.kind, Kind::Products | Kind::Orders), None)
}

/// Tables of orders, our own JSON lines, and what marketplaces answer.
pub fn orders(data: &[u8]) -> bool {
    table(data, |format| format.kind == Kind::Orders, Some(Kind::Orders))
}

/// XML feeds of products; the root tells whose.
pub fn offers(data: &[u8]) -> bool {
    split(data).is_some_and(|(_, bytes)| take(bytes, &options()))
}

/// What a web server on this machine answers: after the first byte a line that is its `ETag`, then the file.
pub fn answers(data: &[u8]) -> bool {
    let Some((_, rest)) = split(data) else { return false };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (etag, body) = (&rest[..end], rest.get(end + 1..).unwrap_or_default());
    // a server's own software keeps headers in order; a line that breaks one would only be tried again
    let etag: String = etag.iter().map(|byte| char::from(if byte.is_ascii_graphic() { *byte } else { b'.' })).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/export", listener.local_addr().unwrap());
    let head =
        format!("HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let answer = [head.as_bytes(), body].concat();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        asked.take_while(|line| !line.is_empty()).for_each(drop);
        stream.write_all(&answer).unwrap();
    });
    let fetched = never_ours(body, Remote::of(url.as_ref()).unwrap().unwrap().fetch(None));
    server.join().unwrap();
    let Some((sources, edition)) = fetched.flatten() else { return false };
    assert_eq!(edition.etag.as_deref(), Some(etag.as_str()));
    let dry = Options { dry_run: true, ..options() };
    let mut is_in = false;
    for source in sources {
        let taken = SHOP.with_borrow_mut(|shop| import(&mut shop.writer, source, &dry, &mut |_| {}, &mut |_| {}));
        is_in |= never_ours(body, taken).is_some_and(|taken| taken.counts.new > 0);
    }
    is_in
}

/// Encodings by name, gzip and zip.
pub fn packed(data: &[u8]) -> bool {
    const NAMES: [Option<&str>; 7] = [
        None,
        Some("auto"),
        Some("utf-8"),
        Some("utf-16le"),
        Some("windows-1252"),
        Some("shift_jis"),
        Some("windows-1251"),
    ];
    let Some((choice, bytes)) = split(data) else { return false };
    let mut options = options();
    options.table.encoding = NAMES[choice % NAMES.len()].map(str::to_owned);
    match bytes.starts_with(b"PK") {
        true => take_archive(bytes, &Options { dry_run: true, ..options }),
        false => take(bytes, &options),
    }
}

/// Only a path can be an archive. Whether anything of it went in.
fn take_archive(bytes: &[u8], options: &Options) -> bool {
    SHOP.with_borrow_mut(|shop| {
        let path = shop.dir.path().join("input.zip");
        std::fs::write(&path, bytes).unwrap();
        let opened = never_ours(bytes, Source::open_all(&[path], None, &|_| Ok(None)));
        let mut is_in = false;
        for source in opened.into_iter().flatten().flat_map(|opened| opened.sources) {
            let taken = never_ours(bytes, import(&mut shop.writer, source, options, &mut |_| {}, &mut |_| {}));
            is_in |= taken.is_some_and(|taken| taken.counts.new > 0);
        }
        is_in
    })
}

/// `0` a mapping file and, after a line `---`, the table it is for; `1` a table to explain and to draft a mapping of.
pub fn mapping(data: &[u8]) {
    let Some((choice, bytes)) = split(data) else { return };
    if choice % 2 == 0 {
        let text = String::from_utf8_lossy(bytes);
        let (map, rows) = text.split_once("\n---\n").unwrap_or((&text, ""));
        let Some(map) = never_ours(map.as_bytes(), MappingFile::parse("map.toml", map)) else { return };
        let mut options = options();
        map.settle(&mut options.table);
        options.mapping = Some(Arc::new(map));
        let dry = Options { dry_run: true, ..options };
        // an error may point into either of the two
        let _ = SHOP.with_borrow_mut(|shop| shop.import(rows.as_bytes(), &dry));
        return;
    }
    let explained = Source::bytes("input", bytes).and_then(|source| explain(source, &options()));
    if let Some(explained) = never_ours(bytes, explained) {
        explained.findings.iter().for_each(|finding| inside(bytes, &finding.place));
    }
    let open = Source::bytes("input", bytes);
    let _ = open.and_then(|source| mapping::wizard::draft(source, &options().table));
}

fn channel(name: &str) -> Channel {
    let mut settings = Settings::default();
    for (key, value) in [("site", "https://e.com"), ("country", "DE"), ("shop", "Shop"), ("currency", "EUR")] {
        settings.parameters.insert(key.to_owned(), Parameter::Text(value.to_owned()));
    }
    for (key, _) in Channel::load_contract(name, None).unwrap().settings.into_iter().filter(|(_, s)| s.required) {
        settings.parameters.entry(key).or_insert(Parameter::Text("given".to_owned()));
    }
    Channel::load(name, None, settings).unwrap()
}

/// `feed check` against each contract of the stock.
pub fn check(data: &[u8]) {
    thread_local! {
        static CHANNELS: Vec<Channel> =
            purvey::channel::names(None).iter().map(|name| channel(name)).collect();
    }
    let Some((choice, bytes)) = split(data) else { return };
    CHANNELS.with(|channels| {
        let channel = &channels[choice % channels.len()];
        let mut sink = |finding: &Diagnostic| inside(bytes, &finding.place);
        never_ours(bytes, check_feed(channel, bytes, "input", |_| None, &mut Findings::new(&mut sink)));
    });
}

/// `0` a contract, `1` a template for Google's.
pub fn contract(data: &[u8]) {
    let Some((choice, bytes)) = split(data) else { return };
    let Ok(text) = str::from_utf8(bytes) else { return };
    if choice % 2 == 0 {
        if let Some(contract) = never_ours(bytes, Contract::parse("x.toml", text)) {
            contract.faults("x.toml", text).iter().for_each(|fault| inside(bytes, &fault.place));
        }
        return;
    }
    thread_local! {
        static GOOGLE: Channel = channel("google");
    }
    let channel = Channel { template: text.to_owned(), ..GOOGLE.with(Clone::clone) };
    SHOP.with_borrow(|shop| {
        let guarded = Guarded::open(&Catalog::of_shop(shop.dir.path()), None, &channel);
        if let Some(guarded) = never_ours(bytes, guarded) {
            never_ours(bytes, channel.compile(&guarded, NOW));
        }
    });
}

/// purvey.toml.
pub fn config(data: &[u8]) {
    if let Some((_, bytes)) = split(data)
        && let Ok(text) = str::from_utf8(bytes)
    {
        never_ours(bytes, Config::parse(text));
    }
}

/// A marketplace that answers every question with the same bytes.
struct Parrot(Vec<u8>);

impl Port for Parrot {
    fn send(&self, _: Request) -> Result<Response, Error> {
        Ok(Response { status: 200, headers: Vec::new(), body: self.0.clone() })
    }

    fn now(&self) -> Timestamp {
        now()
    }
}

/// `0` answers of a Mirakl operator, `1` a recorded exchange.
pub fn market(data: &[u8]) {
    let Some((choice, bytes)) = split(data) else { return };
    if choice % 2 == 1 {
        SHOP.with_borrow(|shop| {
            let folder = shop.dir.path().join("recorded");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("1.json"), bytes).unwrap();
            if let Ok(replay) = Replay::open(&folder) {
                let _ = replay.exchange(&Request::get("orders", &["api", "orders"]).unwrap());
            }
        });
        return;
    }
    let account = Account::new("x", "https://e.com", Secret::new("key"));
    let mirakl = connector("mirakl", &account).unwrap();
    let port = Parrot(bytes.to_vec());
    let from = PullFrom { cursor: None, since: now(), until: now() };
    if let Ok(page) = mirakl.pull(&port, &from) {
        assert!(page.orders.iter().all(|order| order.lines.iter().all(|line| line.quantity >= 0)));
    }
    let _ = mirakl.order(&port, "1");
    let _ = mirakl.parcels(&port, "1");
    let _ = mirakl.poll(&port, "1", &[]);
    for status in [200, 400, 404, 429, 500] {
        mirakl.classify(&Response { status, headers: Vec::new(), body: bytes.to_vec() });
    }
}

/// Cells: amounts, times, GTINs, carriers, tracking numbers; what was read and written is read as the same.
pub fn values(data: &[u8]) {
    let Some((choice, bytes)) = split(data) else { return };
    let Ok(text) = str::from_utf8(bytes) else { return };
    let currency = Currency::parse(["EUR", "JPY", "KWD"][choice % 3]).unwrap();
    for money in [Money::parse_amount(text, currency), Money::parse_decimal(text, currency)].into_iter().flatten() {
        assert_eq!(Money::parse_decimal(&money.to_decimal_string(), currency).ok(), Some(money), "{text:?}");
    }
    if let Ok(moment) = time::parse(text, None) {
        let again = time::parse(&time::to_utc_text(moment), None).ok();
        assert_eq!(again.map(time::to_utc_text), Some(time::to_utc_text(moment)), "{text:?}");
    }
    if let Ok((gtin, _)) = Gtin::parse_lenient(text) {
        assert_eq!(Gtin::parse(gtin.as_str()).ok().as_ref(), Some(&gtin), "{text:?}");
    }
    if let Ok(sku) = Sku::parse(text) {
        assert_eq!(Sku::parse(sku.as_str()).ok().as_ref(), Some(&sku), "{text:?}");
    }
    let _ = (Currency::parse(text), Country::parse(text), Carrier::find(text), Carrier::suggest(text));
    if let Ok(number) = TrackingNumber::parse(text) {
        for carrier in Carrier::all() {
            let _ = (carrier.url_of(&number), number.plausible(carrier));
        }
    }
}
