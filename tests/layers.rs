//! Arrows point down: a room uses what stands below it, never what stands above. The order is that of `# Layout` in
//! src/lib.rs, which this test reads, so the documentation cannot drift from the code.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that stand beside the tower and may be used by none of it but what runs the whole.
const SIDE_ROOMS: [(&str, &[&str]); 2] = [("sandbox", &["cli"]), ("report", &["cli"])];

fn source(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Rooms from top to bottom, as the table says.
fn rooms() -> Vec<String> {
    let text = source(Path::new("src/lib.rs"));
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let rooms: Vec<String> = rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect();
    assert!(rooms.len() > 10, "no table of rooms in src/lib.rs");
    rooms
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => rust_files(&path, found),
            false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            false => {}
        }
    }
}

/// Rooms that a file names with `crate::room`.
fn used(text: &str) -> Vec<String> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut used = Vec::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let name: String = line[at + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            used.push(name);
        }
    }
    used
}

#[test]
fn no_arrow_points_up() {
    let rooms = rooms();
    let level: BTreeMap<&str, usize> = rooms.iter().enumerate().map(|(i, room)| (room.as_str(), i)).collect();
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for file in files {
        let room = file.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
        let Some(from) = level.get(room.as_str()) else { continue };
        for to in used(&source(&file)) {
            let Some(target) = level.get(to.as_str()) else { continue };
            arrows += usize::from(target != from);
            let beside =
                SIDE_ROOMS.iter().any(|(side, users)| *side == to && to != room && !users.contains(&room.as_str()));
            if target < from || beside {
                wrong.push(format!("{} uses crate::{to}, which stands above it", file.display()));
            }
        }
    }
    assert!(arrows > 50, "only {arrows} arrows found: the test no longer sees the code");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_the_pure_ones_stay_pure() {
    let rooms = rooms();
    for path in fs::read_dir("src").unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        let room = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(rooms.contains(&room), "src/{room} is not in the table of src/lib.rs");
    }
    for room in ["order", "stock", "price", "value", "diagnostic"] {
        let mut files = Vec::new();
        rust_files(&Path::new("src").join(room), &mut files);
        for file in files {
            let text = source(&file);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for impure in ["rusqlite", "reqwest", "std::fs", "Timestamp::now", "SystemTime"] {
                assert!(!code.contains(impure), "{} uses {impure}", file.display());
            }
        }
    }
}

/// Where a channel's name stands in code for good: as an example of usage, or because the word means something else.
const NAMED: [(&str, &str, &str); 5] = [
    ("src/cli/demo.rs", "google", "what the example shop has, to look at"),
    ("src/cli/feed/mod.rs", "google", "an example of a command line"),
    ("src/shop/config.rs", "mirakl", "the purvey.toml a shop begins with"),
    ("src/value/carrier.rs", "amazon", "a carrier"),
    ("src/document/text/plain.rs", "meta", "an element of HTML"),
];

#[test]
fn no_code_names_a_channel() {
    let mut names = BTreeSet::new();
    for path in fs::read_dir("feeds").unwrap().map(|entry| entry.unwrap().path()) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "toml") && stem != "generic" {
            names.insert(stem.split('-').next().unwrap().to_owned());
        }
    }
    assert!(names.len() > 20, "no contracts found");
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for file in files {
        let path = file.to_string_lossy().replace('\\', "/");
        // Routes of APIs, other people's files and the marketplace to try things on are named by what they are.
        let by_name = ["src/market/", "src/deliver/", "src/intake/", "src/sandbox/"];
        if by_name.iter().any(|room| path.starts_with(room)) || path.contains("/tests") {
            continue;
        }
        let text = source(&file);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            // Every second piece stands in quotes.
            let quoted = line.split('"').skip(1).step_by(2);
            let words = quoted.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
            for word in words.map(str::to_lowercase).filter(|word| names.contains(word)) {
                match NAMED.iter().position(|(at, name, _)| *at == path && *name == word) {
                    Some(known) => drop(used.insert(known)),
                    None => wrong.push(format!("{path} names {word}: {}", line.trim())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "what is peculiar to a channel belongs in its contract\n{}", wrong.join("\n"));
    assert_eq!(used.len(), NAMED.len(), "an exception that is no more: {used:?}");
}
