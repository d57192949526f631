//! Import and feed build at several sizes: items a second, MB a second, peak memory.
//!
//! `cargo bench --bench road` runs 10,000 and 100,000 variants; `cargo bench --bench road -- 10000 100000 1000000` chooses
//! the sizes. The files are made here, from a fixed seed, in Shopify's layout. Each command runs as its own process, as
//! a merchant runs it; CPU time and peak memory are read from /proc, so this is for Linux.
mod kit;

use std::fs;

use kit::goods::{STORES, generate};
use kit::process::{Used, purvey as run};

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000] } else { sizes };
    println!(
        "{:<26} {:>9} {:>9} {:>9} {:>12} {:>9} {:>9}",
        "what", "variants", "cpu s", "wall s", "items/cpu-s", "MB/cpu-s", "peak MB"
    );
    for size in sizes {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let dir = dir.path();
        let files = generate(dir, size);
        run(
            dir,
            &["init", "--name", "Bench", "--currency", "EUR", "--country", "DE", "--site", "https://bench.example"],
        );
        let row = |what: &str, items: usize, bytes: u64, used: Used| {
            let cpu = used.cpu.as_secs_f64().max(0.01);
            let per = items as f64 / cpu;
            let megabytes = bytes as f64 / 1e6 / cpu;
            let peak = used.peak_kib / 1024;
            println!(
                "{what:<26} {size:>9} {cpu:>9.2} {:>9.2} {per:>12.0} {megabytes:>9.0} {peak:>9}",
                used.wall.as_secs_f64()
            );
        };
        run(dir, &["import", "locations.csv"]);
        row("import products", size, files.products, run(dir, &["import", "products.csv"]));
        row("import stock", size * STORES.len(), files.stock, run(dir, &["import", "stock.csv"]));
        row("import products again", size, files.products, run(dir, &["import", "products.csv"]));
        for format in ["rss", "tsv"] {
            let used = run(dir, &["feed", "build", "google", "--format", format]);
            let name = if format == "rss" { "out/google.xml" } else { "out/google.tsv" };
            let bytes = fs::metadata(dir.join(name)).map_or(0, |m| m.len());
            row(&format!("feed build google {format}"), size, bytes, used);
        }
        let used = run(dir, &["feed", "build", "google-local"]);
        let bytes = fs::metadata(dir.join("out/google-local.tsv")).map_or(0, |m| m.len());
        row("feed build google-local", size * STORES.len(), bytes, used);
        let bytes = fs::metadata(dir.join("out/google.xml")).map_or(0, |m| m.len());
        row(
            "feed check google.xml",
            size,
            bytes,
            run(dir, &["feed", "check", "out/google.xml", "--channel", "google"]),
        );
    }
}
