//! Every seed of the fuzz targets through the code the targets run: `tests/fuzz/src/lib.rs`.
#[path = "fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

type Target = (&'static str, fn(&[u8]));

const TARGETS: &[Target] = &[
    ("products", targets::products),
    ("tables", targets::tables),
    ("orders", targets::orders),
    ("offers", targets::offers),
    ("packed", targets::packed),
    ("mapping", targets::mapping),
    ("check", targets::check),
    ("contract", targets::contract),
    ("config", targets::config),
    ("market", targets::market),
    ("values", targets::values),
];

#[test]
fn every_seed_is_read_without_a_fault_of_ours() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for (name, target) in TARGETS {
        let mut count = 0;
        for entry in std::fs::read_dir(seeds.join(name)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&std::fs::read(&path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}
