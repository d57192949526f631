//! Google's feed without purvey: the few lines somebody writes who knows this one catalog and this one channel. Nothing
//! is checked, no value is cut, no address encoded.
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

/// The argument that makes the benchmark this writer, so that it is measured as a process of its own.
pub const WORD: &str = "by-hand";

/// What Google's template reads.
pub const COLUMNS: &str = "sku, item_group_id, title, variant_title, description, path, image, images, availability, \
    price_minor, sale_price_minor, currency, cost_minor, condition, brand, gtin, google_product_category, product_type, \
    color, size, options, age_group, gender, weight_g";

/// What is written of them as it is, by name and column.
const PLAIN: [(&str, usize); 13] = [
    ("id", 0),
    ("item_group_id", 1),
    ("image_link", 6),
    ("availability", 8),
    ("condition", 13),
    ("brand", 14),
    ("gtin", 15),
    ("google_product_category", 16),
    ("product_type", 17),
    ("color", 18),
    ("size", 19),
    ("age_group", 21),
    ("gender", 22),
];

/// Prices, by name and column.
const PRICES: [(&str, usize); 3] = [("price", 9), ("sale_price", 10), ("cost_of_goods_sold", 12)];

pub fn write(catalog: &Path, to: &Path) {
    let conn = Connection::open_with_flags(catalog, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a catalog");
    let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM item")).expect("the item view has them");
    let mut rows = statement.query([]).expect("no parameters");
    let mut out = BufWriter::with_capacity(256 * 1024, File::create(to).expect("a folder to write to"));
    out.write_all(b"<?xml version=\"1.0\"?>\n<rss xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n")
        .expect("disk");
    let (mut item, mut last, mut stripped) = (String::new(), String::new(), String::new());
    while let Some(row) = rows.next().expect("rows") {
        let text = |i: usize| row.get_ref(i).ok().and_then(|v| v.as_str().ok()).unwrap_or("");
        item.clear();
        item.push_str("<item>");
        for (name, column) in PLAIN.iter().filter(|(_, column)| !text(*column).is_empty()) {
            element(&mut item, name, &[text(*column)]);
        }
        for (name, column) in PRICES {
            if let Ok(minor) = row.get::<_, i64>(column) {
                let price = format!("{}.{:02} {}", minor / 100, minor % 100, text(11));
                element(&mut item, name, &[&price]);
            }
        }
        element(&mut item, "title", &[text(2), " - ", text(3)]);
        element(&mut item, "link", &["https://bench.example/products/", text(1), "?sku=", text(0)]);
        element(&mut item, "shipping_weight", &[&row.get::<_, i64>(23).unwrap_or_default().to_string(), " g"]);
        if last != text(4) {
            last = text(4).to_owned();
            stripped = without_tags(&last);
        }
        element(&mut item, "description", &[&stripped]);
        for image in strings(text(7)).filter(|image| *image != text(6)) {
            element(&mut item, "additional_image_link", &[image]);
        }
        let mut options = strings(text(20));
        while let (Some(name), Some(value)) = (options.next(), options.next()) {
            item.push_str("<g:variant_option>");
            element(&mut item, "name", &[name]);
            element(&mut item, "value", &[value]);
            item.push_str("</g:variant_option>");
        }
        item.push_str("</item>\n");
        out.write_all(item.as_bytes()).expect("disk");
    }
    out.write_all(b"</channel></rss>\n").and_then(|()| out.flush()).expect("disk");
}

/// The strings of a JSON list or object without escapes, which the benchmark's goods never have.
fn strings(json: &str) -> impl Iterator<Item = &str> {
    json.split('"').skip(1).step_by(2)
}

fn element(out: &mut String, name: &str, parts: &[&str]) {
    out.push_str("<g:");
    out.push_str(name);
    out.push('>');
    for part in parts {
        let mut rest = *part;
        while let Some(at) = rest.find(['&', '<', '>']) {
            out.push_str(&rest[..at]);
            out.push_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                _ => "&gt;",
            });
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
    }
    out.push_str("</g:");
    out.push_str(name);
    out.push('>');
}

fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        rest = rest[start..].find('>').map_or("", |end| &rest[start + end + 1..]);
    }
    out.push_str(rest);
    out.replace("&amp;", "&")
}

/// The same in Python: catalog, feed, columns.
pub const PYTHON: &str = r#"
import json, re, sqlite3, sys
from xml.sax.saxutils import escape
plain = dict(id=0, item_group_id=1, image_link=6, availability=8, condition=13, brand=14, gtin=15, google_product_category=16,
             product_type=17, color=18, size=19, age_group=21, gender=22)
prices = dict(price=9, sale_price=10, cost_of_goods_sold=12)
tag, last, stripped = re.compile('<[^>]*>'), None, ''
with open(sys.argv[2], 'w', encoding='utf-8', buffering=1 << 18) as out:
    out.write('<?xml version="1.0"?>\n<rss xmlns:g="http://base.google.com/ns/1.0"><channel>\n')
    for r in sqlite3.connect(sys.argv[1]).execute('SELECT ' + sys.argv[3] + ' FROM item'):
        x = ['<item>']
        x += [f'<g:{k}>{escape(r[i])}</g:{k}>' for k, i in plain.items() if r[i]]
        x += [f'<g:{k}>{r[i] // 100}.{r[i] % 100:02} {r[11]}</g:{k}>' for k, i in prices.items() if r[i] is not None]
        if last != r[4]:
            last, stripped = r[4], escape(tag.sub('', r[4]).replace('&amp;', '&'))
        x.append(f'<g:title>{escape(r[2])} - {escape(r[3])}</g:title>')
        x.append(f'<g:link>https://bench.example/products/{r[1]}?sku={escape(r[0])}</g:link>')
        x.append(f'<g:shipping_weight>{r[23]} g</g:shipping_weight><g:description>{stripped}</g:description>')
        x += [f'<g:additional_image_link>{escape(i)}</g:additional_image_link>' for i in json.loads(r[7]) if i != r[6]]
        x += [f'<g:variant_option><g:name>{escape(k)}</g:name><g:value>{escape(v)}</g:value></g:variant_option>'
              for k, v in json.loads(r[20]).items()]
        x.append('</item>\n')
        out.write(''.join(x))
    out.write('</channel></rss>\n')
"#;
