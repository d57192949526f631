//! Files that are fetched: from a server of one thread on loopback that answers as a script says.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::stage::{Stage, products};
use super::watch::watched;

/// Answers each request with the next of `answers`, the last one for ever, and keeps what was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answers: &[String]) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answers, heard) = (answers.to_vec(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { continue };
                heard.lock().unwrap().push(head(&stream));
                // a client that hangs up early is part of some of the cases
                let _ = stream.write_all(answers[at.min(answers.len() - 1)].as_bytes());
            }
        });
        Server { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n").to_lowercase()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

const EDITION: &str = "ETag: \"v1\"\r\nLast-Modified: Wed, 25 Nov 2026 08:00:00 GMT\r\n";

#[test]
fn a_file_that_has_not_changed_is_not_fetched_again() {
    let stage = Stage::open(1);
    let first = answer("200 OK", EDITION, &products(8, 1));
    let again = answer("200 OK", "ETag: \"v2\"\r\n", &products(9, 1));
    let server = Server::start(&[first, answer("304 Not Modified", EDITION, ""), again]);
    let url = format!("{}/export.csv?key=s3cret", server.url);
    let said = watched(&stage, &["import", &url]).ends_with(0);
    assert!(said.out.contains("/export.csv?…") && !said.out.contains("s3cret"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);
    let said = watched(&stage, &["import", &url]).ends_with(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "cron hears nothing");
    watched(&stage, &["import", &url]).ends_with(0);
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["9"]);
    let asked = server.asked();
    assert!(!asked[0].contains("if-none-match"), "{asked:?}");
    for later in &asked[1..] {
        assert!(later.contains("if-none-match: \"v1\"") && later.contains("if-modified-since: wed, 25 nov"), "{later}");
    }
    watched(&stage, &["import", &url, "--dry-run"]).ends_with(0);
    assert!(!server.asked()[3].contains("if-none-match"), "who asks what a file would do means the file");
}

#[test]
fn an_edition_of_which_something_was_refused_is_fetched_again() {
    let stage = Stage::open(1);
    let bad = products(8, 1).replacen("11.50", "eleven", 1);
    let server = Server::start(&[answer("200 OK", EDITION, &bad)]);
    for _ in 0..2 {
        watched(&stage, &["import", &server.url]).ends_with(3);
    }
    assert!(!server.asked()[1].contains("if-none-match"));
}

#[test]
fn a_server_that_fails_refuses_or_breaks_off_leaves_the_catalog_as_it_was() {
    let whole = products(8, 1);
    let cut = answer("200 OK", EDITION, &whole).replacen(&whole, &whole[..whole.len() / 2], 1);
    for (answered, code, tries) in [
        (answer("503 Service Unavailable", "", "later"), 69, 3),
        (cut, 69, 3),
        (answer("403 Forbidden", "", "who?"), 77, 1),
        (answer("404 Not Found", "", "no"), 65, 1),
    ] {
        let stage = Stage::open(1);
        let server = Server::start(&[answered]);
        let said = watched(&stage, &["import", &server.url]).ends_with(code);
        assert!(said.err.contains("help: "), "{said:?}");
        assert_eq!(server.asked().len(), tries, "{said:?}");
        assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["0"]);
    }
    let stage = Stage::open(1);
    let said = watched(&stage, &["import", "https://anna:s3cret@shop.example/a.csv"]).ends_with(2);
    assert!(!said.err.contains("s3cret"), "{said:?}");
}

#[test]
fn sources_of_purvey_toml_are_imported_without_naming_a_file() {
    let stage = Stage::open(1);
    let server = Server::start(&[answer("200 OK", EDITION, &products(8, 1)), answer("304 Not Modified", EDITION, "")]);
    stage.write("costs.txt", "sku;weight;unit_cost\nSKU-1;250;4,50\n");
    stage.write("key", "s3cret-s0urce\n");
    std::fs::set_permissions(stage.path("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = std::fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let sources = format!(
        "[source.erp]\nfrom = \"{}/export.csv\"\nuser = \"anna\"\nkey = \"file:{}\"\n\n\
         [source.costs]\nfrom = [\"costs.txt\"]\nweight_unit = \"g\"\nkind = \"fields\"\n\n[owners]\ncost = \"costs\"\n",
        server.url,
        stage.path("key").display()
    );
    stage.write("purvey.toml", &format!("{config}\n{sources}"));
    let said = watched(&stage, &["import"]).ends_with(0);
    assert!(said.out.contains("/export.csv") && said.out.contains("costs.txt"), "{said:?}");
    assert!(!said.out.contains("s3cret") && !said.err.contains("s3cret"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);
    assert_eq!(stage.rows("SELECT cost_minor, weight_g FROM variant WHERE sku = 'SKU-1'"), ["450 250"]);
    // `anna:s3cret-s0urce`
    assert!(server.asked()[0].contains("authorization: basic yw5uytpzm2nyzxqtczb1cmnl"), "{:?}", server.asked());
    watched(&stage, &["import", "--source", "erp"]).ends_with(0);
    assert!(server.asked()[1].contains("if-none-match"), "what has not changed is not fetched again");
    // a file beside the source's own is read as its are
    stage.write("more.txt", "sku;weight\nSKU-2;300\n");
    watched(&stage, &["import", "more.txt", "--source", "costs"]).ends_with(0);
    assert_eq!(stage.rows("SELECT weight_g FROM variant WHERE sku = 'SKU-2'"), ["300"]);
    watched(&stage, &["import", "--source", "epr"]).ends_with(2);
    for (wrong, right) in
        [("kind = \"fields\"", "kind = \"field\""), ("user = \"anna\"", "user = \"anna\"\nheader = \"X-Key\"")]
    {
        stage.write("purvey.toml", &format!("{config}\n{}", sources.replace(wrong, right)));
        let said = watched(&stage, &["import"]).ends_with(2);
        assert!(said.err.contains("purvey.toml"), "{said:?}");
    }
}

#[test]
fn a_key_is_sent_to_its_own_server_only() {
    let stage = Stage::open(1);
    let other = Server::start(&[answer("200 OK", "", &products(8, 1))]);
    let moved = answer("302 Found", &format!("Location: {}/export.csv\r\n", other.url), "");
    let server = Server::start(&[moved]);
    stage.write("key", "s3cret\n");
    std::fs::set_permissions(stage.path("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = std::fs::read_to_string(stage.path("purvey.toml")).unwrap();
    stage.write(
        "purvey.toml",
        &format!(
            "{config}\n[source.erp]\nfrom = \"{}\"\nheader = \"X-Api-Key\"\nkey = \"file:{}\"\n",
            server.url,
            stage.path("key").display()
        ),
    );
    let said = watched(&stage, &["import"]).ends_with(65);
    assert!(said.err.contains("another server"), "{said:?}");
    assert!(server.asked()[0].contains("x-api-key: s3cret"), "{:?}", server.asked());
    assert_eq!(other.asked(), Vec::<String>::new());
}

#[test]
fn a_source_that_is_away_does_not_keep_the_others_out() {
    let stage = Stage::open(1);
    stage.write("products.csv", &products(8, 1));
    let config = std::fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let sources = "[source.gone]\nfrom = \"gone.csv\"\n[source.here]\nfrom = \"products.csv\"\n";
    stage.write("purvey.toml", &format!("{config}\n{sources}"));
    let said = watched(&stage, &["import"]).ends_with(3);
    assert!(said.err.contains("gone.csv"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);
}

#[test]
fn sync_takes_in_what_is_new_in_the_sources() {
    let stage = Stage::open(1);
    stage.write("products.csv", &products(8, 1));
    let config = std::fs::read_to_string(stage.path("purvey.toml")).unwrap();
    let here = "[source.here]\nfrom = \"products.csv\"\n";
    stage.write("purvey.toml", &format!("{config}\n[source.gone]\nfrom = \"gone.csv\"\n{here}"));
    let said = watched(&stage, &["sync"]).ends_with(3);
    assert!(said.err.contains("gone.csv") && said.out.contains("products.csv"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);

    stage.write("purvey.toml", &format!("{config}\n{here}"));
    let said = watched(&stage, &["sync"]).ends_with(0);
    assert!(!said.out.contains("products.csv"), "an edition is taken in once: {said:?}");

    stage.write("products.csv", &products(12, 1));
    watched(&stage, &["sync", "--only", "orders"]).ends_with(0);
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);
    watched(&stage, &["sync", "--dry-run"]).ends_with(0);
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["8"]);
    let said = watched(&stage, &["sync", "--only", "sources"]).ends_with(0);
    assert!(said.out.contains("products.csv"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["12"]);
}
