//! Lists the contracts, templates and described formats, so that adding a channel is adding its files.
use std::path::Path;
use std::{env, fs};

fn main() {
    let channels = [list("CONTRACTS", "feeds", "toml"), list("TEMPLATES", "templates", "sql")].concat();
    write("stock_channels.rs", &channels);
    write("offer_formats.rs", &list("OFFER_FORMATS", "src/intake/formats", "toml"));
}

/// A constant of names and texts, one for each file of the folder.
fn list(name: &str, folder: &str, ending: &str) -> String {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join(folder);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the project has this folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .collect();
    files.sort();
    let mut code = format!("pub(super) const {name}: &[(&str, &str)] = &[\n");
    for file in files {
        let stem = file.file_stem().expect("a file has a name").to_string_lossy();
        code += &format!("    ({stem:?}, include_str!({:?})),\n", file.display().to_string());
    }
    code + "];\n"
}

fn write(name: &str, code: &str) {
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join(name);
    fs::write(out, code).expect("cargo gives a writable folder");
}
