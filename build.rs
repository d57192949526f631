//! Lists the contracts and templates, so that adding a channel is adding its files.
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut code = String::new();
    for (name, folder, ending) in [("CONTRACTS", "feeds", "toml"), ("TEMPLATES", "templates", "sql")] {
        let folder = Path::new(&root).join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)
            .expect("the project has this folder")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == ending))
            .collect();
        files.sort();
        code += &format!("pub(super) const {name}: &[(&str, &str)] = &[\n");
        for file in files {
            let stem = file.file_stem().expect("a file has a name").to_string_lossy();
            code += &format!("    ({stem:?}, include_str!({:?})),\n", file.display().to_string());
        }
        code += "];\n";
    }
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("stock_channels.rs");
    fs::write(out, code).expect("cargo gives a writable folder");
}
