//! Orders that are carried over SFTP: what a shop and a partner see of a folder on a real server, worked with by the very
//! binary a merchant runs.
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

use super::names;
use super::servers::{Server, own_name};

struct Shop {
    folder: tempfile::TempDir,
    /// The folder on the server.
    drop: PathBuf,
}

impl Shop {
    fn beside(server: &Server) -> Shop {
        let shop = Shop { folder: tempfile::tempdir().unwrap(), drop: server.folder("in") };
        let url = format!("sftp://{}@127.0.0.1:{}{}", own_name(), server.port, shop.drop.display());
        let host_key = fs::read_to_string(server.path("host_key.pub")).unwrap();
        let config = format!(
            "[shop]\nname = \"Shop\"\ncurrency = \"EUR\"\ncountry = \"DE\"\nsite = \"https://shop.example\"\n\n[market.carried]\nconnector = \"files\"\n\
             url = \"{url}\"\nkey = \"file:{}\"\noptions = {{ host_key = \"{}\" }}\n",
            server.path("id").display(),
            host_key.trim()
        );
        let files = [
            ("purvey.toml", config.as_str()),
            (
                "products.csv",
                "Handle,Title,Vendor,Variant SKU,Variant Price,Status\nlamp,Lamp,Shop,LAMP,12.90,active\n",
            ),
            ("locations.csv", "code,name,kind\nMAIN,Main,warehouse\n"),
            ("stock.csv", "sku,location,quantity\nLAMP,MAIN,100\n"),
        ];
        files.iter().for_each(|(name, text)| fs::write(shop.folder.path().join(name), text).unwrap());
        for command in ["init", "import products.csv", "import locations.csv", "import stock.csv"] {
            shop.run(command);
        }
        fs::create_dir(shop.drop.join("orders")).unwrap();
        shop
    }

    fn command(&self, command: &str) -> Command {
        let mut purvey = Command::new(env!("CARGO_BIN_EXE_purvey"));
        purvey.current_dir(self.folder.path()).args(command.split(' ')).stdin(Stdio::null());
        purvey
    }

    fn run(&self, command: &str) -> Output {
        let output = self.command(command).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {output:?}");
        output
    }

    /// A file of orders that somebody put there a minute ago.
    fn arrives(&self, name: &str, text: &str) {
        let path = self.drop.join("orders").join(name);
        fs::write(&path, text).unwrap();
        let minute_ago = SystemTime::now() - Duration::from_secs(60);
        File::options().append(true).open(path).unwrap().set_modified(minute_ago).unwrap();
    }

    fn orders(&self) -> Vec<String> {
        let catalog = Connection::open(self.folder.path().join("shop.db")).unwrap();
        let mut statement = catalog.prepare("SELECT channel_order_id FROM orders ORDER BY 1").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// What a partner finds in a folder of the drop.
    fn names(&self, folder: &str) -> Vec<String> {
        let folder = self.drop.join(folder);
        if folder.exists() { names(&folder) } else { Vec::new() }
    }
}

fn csv(order: &str) -> String {
    let head = "order,status,created_at,currency,total,line,sku,quantity,price";
    format!("{head}\n{order},paid,2026-11-25T08:00:00Z,EUR,12.90,1,LAMP,1,12.90\n")
}

#[test]
fn orders_arrive_and_parcels_leave_by_sftp() {
    let Some(server) = Server::sshd(None) else { return };
    let shop = Shop::beside(&server);
    shop.arrives("a.csv", &csv("A1"));
    shop.arrives(
        "b.json",
        r#"[{"order_id": "B1", "status": "paid", "created_at": "2026-11-25T08:00:00Z", "currency": "EUR", "total": "12.90",
            "lines": [{"line_id": "1", "sku": "LAMP", "quantity": 1, "unit_price": "12.90"}]}]"#,
    );
    shop.arrives(
        "c.xml",
        "<orders><order><order_id>C1</order_id><status>paid</status><created_at>2026-11-25T08:00:00Z</created_at>\
         <currency>EUR</currency><total>12.90</total><lines><line><line_id>1</line_id><sku>LAMP</sku>\
         <quantity>1</quantity><unit_price>12.90</unit_price></line></lines></order></orders>",
    );
    shop.arrives("d.csv", &csv("D1").replace(",1,12.90\n", ",one,12.90\n"));
    shop.arrives("e.csv.part", "half");
    let pulled = shop.command("orders pull carried").output().unwrap();
    assert_eq!(pulled.status.code(), Some(3), "one record cannot be read: {pulled:?}");
    assert_eq!(shop.orders(), ["A1", "B1", "C1"]);
    assert_eq!(shop.names("results"), ["a.csv.json", "b.json.json", "c.xml.json", "d.csv.json"]);
    let result = |name: &str| fs::read_to_string(shop.drop.join("results").join(name)).unwrap();
    assert!(result("c.xml.json").contains("\"C1\"") && result("d.csv.json").contains("whole number"));

    shop.run("orders pull carried");
    assert_eq!(shop.names("orders"), ["done", "e.csv.part", "taken"]);
    assert_eq!((shop.names("orders/taken").len(), shop.names("orders/done").len()), (0, 4));

    // the same name again is another file
    shop.arrives("a.csv", &csv("A2"));
    shop.run("orders pull carried");
    assert_eq!(shop.orders(), ["A1", "A2", "B1", "C1"]);

    shop.run("ship A1 --carrier DHL --tracking 00340434161094042557");
    shop.run("tracking push carried");
    assert_eq!(shop.names("shipments"), ["A1-1.csv"]);
    let parcel = fs::read_to_string(shop.drop.join("shipments/A1-1.csv")).unwrap();
    assert!(parcel.contains("00340434161094042557"), "{parcel}");
    shop.run("sync");
    assert_eq!(shop.names("stock").len(), 1);
}

#[test]
fn a_run_that_is_killed_loses_no_file_and_takes_none_twice() {
    let Some(server) = Server::sshd(None) else { return };
    let shop = Shop::beside(&server);
    let all: Vec<String> = (10..26).map(|n| format!("K{n}")).collect();
    let began = Instant::now();
    shop.run("orders pull carried");
    let length = began.elapsed();
    all.iter().for_each(|order| shop.arrives(&format!("{order}.csv"), &csv(order)));
    // each a little later than the last: at the connection, at the claim, at the read, at the commit, and so on
    for moment in 1..=20 {
        let mut pull = shop.command("orders pull carried").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(length.mul_f64(0.6 + f64::from(moment) * 0.05));
        let _ = pull.kill();
        pull.wait().unwrap();
    }
    (0..2).for_each(|_| drop(shop.run("orders pull carried")));
    assert_eq!(shop.orders(), all);
    assert_eq!(shop.names("orders/done").len(), all.len());
}
