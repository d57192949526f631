//! Import against the `sqlite3` shell's `.import` of the same CSV into one flat table, in one run.
//!
//! `cargo bench --bench import` takes 10,000 and 100,000 variants; `cargo bench --bench import -- 100000 1000000` chooses
//! the sizes. purvey makes products, variants, images and stock of the file, the shell one table of text, so a ratio of
//! 1.00 is the aim and not a matter of course. Each pair runs several times by turns and the median counts, since a
//! busy machine does not give two runs the same (a million variants run once); only the CPU time is comparable.
mod kit;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use kit::goods::{STORES, generate};
use kit::process::{Used, purvey, run};
use kit::table::{Row, head};

const ROUNDS: usize = 3;
/// More variants than these run once.
const VARIANTS_OFTEN: usize = 200_000;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000] } else { sizes };
    let has_shell = Command::new("sqlite3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !has_shell {
        println!("!! THERE IS NO sqlite3 ON THE PATH: nothing to compare with, no ratio is shown !!");
    }
    head("records");
    for size in sizes {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let files = generate(dir.path(), size);
        let often = if size > VARIANTS_OFTEN { 1 } else { ROUNDS };
        let rounds: Vec<Round> = (0..often).map(|_| Round::run(dir.path(), has_shell)).collect();
        let products = Row { records: size, bytes: files.products };
        let stock = Row { records: size * STORES.len(), bytes: files.stock };
        products.print(".import products.csv", &rounds, |r| r.flat_products.as_ref(), |_| None);
        products.print("import products", &rounds, |r| Some(&r.first), |r| r.flat_products.as_ref());
        products.print("import products again", &rounds, |r| Some(&r.again), |r| r.flat_products.as_ref());
        stock.print(".import stock.csv", &rounds, |r| r.flat_stock.as_ref(), |_| None);
        stock.print("import stock", &rounds, |r| Some(&r.stock), |r| r.flat_stock.as_ref());
        stock.print("import stock again", &rounds, |r| Some(&r.stock_again), |r| r.flat_stock.as_ref());
    }
}

struct Round {
    flat_products: Option<Used>,
    first: Used,
    again: Used,
    flat_stock: Option<Used>,
    stock: Used,
    stock_again: Used,
}

impl Round {
    fn run(dir: &Path, has_shell: bool) -> Round {
        let shop = tempfile::tempdir_in(dir).expect("a temporary folder");
        let shop = shop.path();
        let site = "https://bench.example";
        purvey(shop, &["init", "--name", "Bench", "--currency", "EUR", "--country", "DE", "--site", site]);
        let import = |file: &str| purvey(shop, &["import", &format!("../{file}")]);
        let flat = |file: &str| has_shell.then(|| dot_import(dir, file));
        let (flat_products, first, again) = (flat("products.csv"), import("products.csv"), import("products.csv"));
        import("locations.csv");
        let (flat_stock, stock, stock_again) = (flat("stock.csv"), import("stock.csv"), import("stock.csv"));
        Round { flat_products, first, again, flat_stock, stock, stock_again }
    }
}

fn dot_import(dir: &Path, file: &str) -> Used {
    let used = run(dir, "sqlite3", &["flat.db", &format!(".import --csv {file} flat")]);
    fs::remove_file(dir.join("flat.db")).expect("the shell wrote a database");
    used
}
