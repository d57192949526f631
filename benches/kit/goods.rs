//! A shop's files of any size, always the same ones.
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

pub const STORES: [&str; 4] = ["BER-01", "HAM-01", "VIE-01", "BRE-90"];
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

/// Bytes of each file.
pub struct Files {
    pub products: u64,
    pub stock: u64,
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

/// Writes `products.csv` in the layout of Shopify's export, `stock.csv` with a row for each store, and `locations.csv`.
pub fn generate(dir: &Path, variants: usize) -> Files {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let create = |name: &str| BufWriter::new(File::create(dir.join(name)).expect("a file in a temporary folder"));
    let (mut products, mut stock) = (create("products.csv"), create("stock.csv"));
    writeln!(
        products,
        "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
         Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,\
         Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Variant Barcode,\
         Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Google Shopping / Google Product Category,\
         Google Shopping / Gender,Google Shopping / Age Group,Google Shopping / MPN,Google Shopping / Condition,Variant Image,\
         Variant Weight Unit,Variant Tax Code,Cost per item,Status"
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
            let barcode = gtin(401_234_500_000 + made as u64);
            let (title, text, vendor) = if n == 0 {
                (format!("{noun} No. {product}"), body.as_str(), "Bench & Co")
            } else {
                (String::new(), "", "")
            };
            let before =
                if dice.roll(10) == 0 { format!("{}.{:02}", price / 80 + 1, price % 100) } else { String::new() };
            writeln!(
                products,
                "{handle},{title},\"{text}\",{vendor},Apparel & Accessories,{noun}s,new,true,Color,{color},Size,{size},,,{sku},{},shopify,{},\
                 deny,manual,{}.{:02},{before},true,true,{barcode},https://cdn.bench.example/{handle}-{n}.jpg,{},{title},false,{title},,\
                 Apparel & Accessories > Clothing,unisex,adult,{sku},new,https://cdn.bench.example/{handle}-{n}.jpg,g,,{}.50,active",
                100 + dice.roll(4000),
                dice.roll(200),
                price / 100,
                price % 100,
                n + 1,
                price / 200
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
    let digits = format!("{first:012}");
    let sum: u32 = digits.bytes().enumerate().map(|(i, d)| u32::from(d - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
