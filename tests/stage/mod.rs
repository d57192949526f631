//! A shop with a few hundred variants and a marketplace beside it, worked with by the very binary a merchant runs.
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use purvey::catalog::{Catalog, Location};
use purvey::sandbox::{Faults, Options, Sandbox};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Row};

/// The marketplace's key. It may appear nowhere.
pub const KEY: &str = "canary-key-7f3a9c";
/// Units of every variant in the warehouse.
const UNITS: i64 = 500;

pub struct Stage {
    folder: tempfile::TempDir,
    pub sandbox: Sandbox,
    /// What the commands take for now.
    pub now: Timestamp,
    /// The key the commands find in their environment.
    pub key: Option<String>,
}

/// What a command said, and how it ended: `None` by a signal.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        let text = |bytes| String::from_utf8(bytes).expect("purvey speaks UTF-8");
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Stage {
    /// The shop has a purvey.toml and a warehouse, and no products yet.
    pub fn open(seed: u64) -> Stage {
        let now = "2026-11-25T08:00:00Z".parse().unwrap();
        let options = Options { api_key: KEY.to_owned(), seed, now: Some(now), ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        // what is tested here is not the disk: where `fsync` costs nothing, more can be tried
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let now = now + SignedDuration::from_hours(1);
        let stage = Stage { folder, sandbox, now, key: Some(KEY.to_owned()) };
        stage.write(
            "purvey.toml",
            &format!(
                "[shop]\nname = \"Stage\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://stage.example\"\n\n\
                 [channel.google]\n\n[market.fair]\nconnector = \"mirakl\"\nurl = \"{}\"\nkey = \"env:FAIR_KEY\"\n",
                stage.sandbox.url()
            ),
        );
        assert_eq!(stage.run(&["init"]).code, Some(0));
        let mut writer = stage.catalog().write("stage", stage.now, Duration::ZERO).unwrap();
        let change = writer.change(stage.now).unwrap();
        let warehouse = Location {
            code: "MAIN".to_owned(),
            name: "Main".to_owned(),
            kind: "warehouse".to_owned(),
            fulfills_online: true,
            address: serde_json::Map::new(),
        };
        change.put_location(&warehouse).unwrap();
        change.commit().unwrap();
        stage
    }

    /// A shop whose products are in, with units of each.
    pub fn furnished(variants: usize, seed: u64) -> Stage {
        let stage = Stage::open(seed);
        stage.write("products.csv", &products(variants, 0));
        assert_eq!(stage.run(&["import", "products.csv"]).code, Some(0));
        stage.stock_up();
        stage
    }

    /// Gives every variant that has no units some.
    pub fn stock_up(&self) {
        let skus: Vec<String> = self.rows("SELECT sku FROM variant EXCEPT SELECT sku FROM item_stock");
        let mut writer = self.catalog().write("stage", self.now, Duration::ZERO).unwrap();
        let change = writer.change(self.now).unwrap();
        let location = change.location_id("MAIN").unwrap().unwrap();
        for sku in skus {
            let variant = change.variant_id(&sku).unwrap().unwrap();
            if let Some(mut ledger) = change.ledger(&format!("first count of {sku}")).unwrap() {
                ledger.count(variant, location, UNITS).unwrap();
            }
        }
        change.commit().unwrap();
    }

    fn catalog(&self) -> Catalog {
        Catalog::of_shop(self.folder.path())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn faults(&self, faults: Faults) {
        self.sandbox.set_faults(faults).unwrap();
    }

    /// The command as typed in the shop's folder, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_purvey"));
        command.current_dir(self.folder.path()).env_clear();
        command.envs(self.key.iter().map(|key| ("FAIR_KEY", key)));
        command.args(["--now", &self.now.to_string()]).args(arguments).stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.forget_limits();
        self.command(arguments).output().unwrap().into()
    }

    /// The marketplace's limits count real minutes, which no test has.
    pub fn forget_limits(&self) {
        if let Ok(conn) = self.sql() {
            let _ = conn.execute("DELETE FROM bucket", []);
        }
    }

    pub fn sql(&self) -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(self.path("shop.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.busy_timeout(Duration::from_secs(10))?;
        Ok(conn)
    }

    /// Every row a query gives, its columns joined by a blank.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let conn = self.sql().unwrap();
        let mut statement = conn.prepare(sql).unwrap();
        let columns = statement.column_count();
        let cell = |value: Value| match value {
            Value::Null => "-".to_owned(),
            Value::Integer(n) => n.to_string(),
            Value::Real(n) => n.to_string(),
            Value::Text(text) => text,
            Value::Blob(bytes) => format!("{bytes:?}"),
        };
        let row = |row: &Row<'_>| {
            let cells: rusqlite::Result<Vec<String>> = (0..columns).map(|at| row.get(at).map(cell)).collect();
            cells.map(|cells| cells.join(" "))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }
}

/// A Shopify export of `variants` variants in products of four, in its edition `edition`: every price is another then.
pub fn products(variants: usize, edition: usize) -> String {
    let mut csv = "Handle,Title,Body (HTML),Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,\
                   Variant Inventory Tracker,Google Shopping / MPN,Image Src,Status\n"
        .to_owned();
    for n in 0..variants {
        let (handle, price) = (n / 4, 10 + edition);
        let shared = match n % 4 {
            0 => [format!("Lamp {handle}"), format!("<p>Edition {edition} of lamp {handle}.</p>"), "Stage".to_owned()],
            _ => Default::default(),
        };
        csv += &format!("lamp-{handle},{},Size,{n},SKU-{n},{price}.50,shopify,M-{n},", shared.join(","));
        csv += &format!("https://stage.example/{handle}.jpg,active\n");
    }
    csv
}
