//! Every seed of the fuzz targets through the code the targets run: `tests/fuzz/src/lib.rs`.
#[path = "fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// What a target does, and for those that import whether all of the seed went in.
type Importer = (&'static str, fn(&[u8]) -> bool);
type Target = (&'static str, fn(&[u8]));

const IMPORTERS: &[Importer] = &[
    ("products", targets::products),
    ("tables", targets::tables),
    ("orders", targets::orders),
    ("offers", targets::offers),
    ("packed", targets::packed),
    ("answers", targets::answers),
];

const TARGETS: &[Target] = &[
    ("mapping", targets::mapping),
    ("check", targets::check),
    ("contract", targets::contract),
    ("config", targets::config),
    ("market", targets::market),
    ("values", targets::values),
];

/// Each seed of a target, with its name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let seeds: Vec<_> = paths.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

#[test]
fn every_seed_is_read_without_a_fault_of_ours() {
    for (name, target) in TARGETS {
        for (path, seed) in seeds(name) {
            println!("{path}");
            target(&seed);
        }
    }
}

/// A seed that is refused at its first byte leads a fuzzer nowhere.
#[test]
fn every_seed_of_an_import_goes_in() {
    for (name, target) in IMPORTERS {
        for (path, seed) in seeds(name) {
            println!("{path}");
            assert!(target(&seed), "{path} is not taken");
        }
    }
}
