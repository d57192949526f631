//! Import and feed build at several sizes: items a second, MB a second, peak memory.
//!
//! `cargo bench --bench road` runs 10,000 and 100,000 variants; `cargo bench --bench road -- 10000 100000 1000000` chooses
//! the sizes. The files are made here, from a fixed seed, in Shopify's layout. Each command runs as its own process, as
//! a merchant runs it; CPU time and peak memory are read from /proc, so this is for Linux.
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

struct Used {
    cpu: Duration,
    wall: Duration,
    peak_kib: u64,
}

/// Runs purvey in `dir` and samples what the kernel says of it until it ends.
fn run(dir: &Path, args: &[&str]) -> Used {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_purvey"))
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("purvey starts");
    let mut used = Used { cpu: Duration::ZERO, wall: Duration::ZERO, peak_kib: 0 };
    loop {
        // Sampled before asking whether it ended: the last sample of a process that is gone is lost.
        if let Some((cpu, peak)) = sample(child.id()) {
            used.cpu = used.cpu.max(cpu);
            used.peak_kib = used.peak_kib.max(peak);
        }
        match child.try_wait().expect("purvey can be waited for") {
            Some(status) => {
                assert!(status.code().is_some_and(|code| code <= 3), "purvey {args:?}: {status}");
                break;
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    used.wall = started.elapsed();
    used
}

fn sample(pid: u32) -> Option<(Duration, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some((Duration::from_millis(ticks * 10), peak))
}

const STORES: [&str; 4] = ["BER-01", "HAM-01", "VIE-01", "BRE-90"];
const NOUNS: [&str; 6] = ["Lantern", "Mug", "Jacket", "Chair", "Lamp", "Backpack"];
const COLORS: [&str; 6] = ["Ink Blue", "Moss", "Rust", "Chalk", "Slate", "Amber"];
const SIZES: [&str; 5] = ["XS", "S", "M", "L", "XL"];
const WORDS: [&str; 12] = [
    "sturdy",
    "made",
    "in small batches",
    "for long evenings",
    "with care",
    "&amp; a little patience",
    "outdoors",
    "from steel",
    "washable",
    "repairable",
    "light",
    "and quiet",
];

struct Files {
    products: u64,
    stock: u64,
}

/// A small generator that always makes the same shop: no crate, no clock.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

fn generate(dir: &Path, variants: usize) -> Files {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let create = |name: &str| BufWriter::new(File::create(dir.join(name)).expect("a file in a temporary folder"));
    let (mut products, mut stock) = (create("products.csv"), create("stock.csv"));
    writeln!(
        products,
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
         Variant Grams,Variant Inventory Tracker,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Barcode,\
         Image Src,Image Position,Google Shopping / Google Product Category,Google Shopping / Gender,Google Shopping / Age Group,Status"
    )
    .expect("disk");
    writeln!(stock, "sku,store_code,quantity").expect("disk");
    let mut locations = create("locations.csv");
    writeln!(locations, "code,name,kind").expect("disk");
    STORES.iter().for_each(|store| writeln!(locations, "{store},{store},store").expect("disk"));
    locations.flush().expect("disk");
    let mut made = 0;
    let mut product = 0;
    let mut body = String::new();
    while made < variants {
        product += 1;
        let noun = NOUNS[dice.roll(NOUNS.len())];
        let handle = format!("{}-{product}", noun.to_lowercase());
        let count = (1 + dice.roll(5)).min(variants - made);
        body.clear();
        for _ in 0..4 + dice.roll(12) {
            let _ = write!(body, "<p>The {noun} is");
            for _ in 0..6 + dice.roll(18) {
                let _ = write!(body, " <b>{}</b> {}", WORDS[dice.roll(12)], WORDS[dice.roll(12)]);
            }
            body.push_str(".</p>");
        }
        for n in 0..count {
            made += 1;
            let sku = format!("{}-{product}-{n}", &noun[..3].to_uppercase());
            let (color, size) = (COLORS[n % COLORS.len()], SIZES[dice.roll(SIZES.len())]);
            let price = 500 + dice.roll(20_000);
            let barcode = gtin(4_012_345_000_000 + made as u64);
            let (title, text, vendor) = if n == 0 {
                (format!("{noun} No. {product}"), body.as_str(), "Bench & Co")
            } else {
                (String::new(), "", "")
            };
            let sale = if dice.roll(10) == 0 { format!("{}.{:02}", price / 80, price % 100) } else { String::new() };
            writeln!(
                products,
                "{handle},{title},\"{text}\",{vendor},{noun}s,new,true,Color,{color},Size,{size},{sku},{},shopify,deny,{}.{:02},{sale},{barcode},\
                 https://cdn.bench.example/{handle}-{n}.jpg,{},Apparel & Accessories > Clothing,unisex,adult,active",
                100 + dice.roll(4000),
                price / 100,
                price % 100,
                n + 1
            )
            .expect("disk");
            for store in STORES {
                writeln!(stock, "{sku},{store},{}", dice.roll(12)).expect("disk");
            }
        }
    }
    products.flush().expect("disk");
    stock.flush().expect("disk");
    let size = |name: &str| fs::metadata(dir.join(name)).map_or(0, |m| m.len());
    Files { products: size("products.csv"), stock: size("stock.csv") }
}

/// Twelve digits and their check digit.
fn gtin(first: u64) -> String {
    let digits = format!("{:012}", first / 10 % 1_000_000_000_000);
    let sum: u32 = digits.bytes().enumerate().map(|(i, d)| u32::from(d - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
