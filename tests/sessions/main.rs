//! Documents that run: every ```` ```console ```` block of a README is executed, and must print what it shows.
//!
//! | in a block | means |
//! |---|---|
//! | `$ command` | run by `sh`; a line ending in `\` goes on in the next, which begins with `> ` |
//! | `$ export NAME=value`, `$ cd folder` | hold until the end of the document |
//! | `$ purvey … &` | runs beside the document until its end; of what it says the first line counts |
//! | `$ cargo run … -- ARGS` | runs `purvey ARGS`; any other `cargo` line is for the reader alone |
//! | ```` ```console one ```` | the block is one command; a `$` in its output is output |
//! | `[..]` | any text within a line |
//! | `...` | any lines; alone it is an output nobody has filled in yet, and an update does |
//! | `[exit 3]` | the last line: the command ends with this status; without it, with 0 |
//!
//! `<!-- session: skip REASON -->` on the line before a block leaves it out; the need of a network is the one reason.
//! A document runs top to bottom in one scratch folder: an example in a copy of its own, any other beside a copy of
//! `examples/`. `UPDATE=1 cargo test --test sessions` rewrites the outputs that no longer match, for `git diff` to show.
#![cfg(unix)]

mod document;
mod harness;
mod matcher;
mod stage;

use stage::Stage;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

type Outcome<T> = Result<T, String>;

/// What running a document found.
#[derive(Debug)]
struct Played {
    faults: Vec<String>,
    skipped: Vec<String>,
    /// The document with its outputs as they happened.
    updated: String,
}

fn play(document: &str, stage: &mut Stage) -> Outcome<Played> {
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let (mut faults, mut skipped, mut replacements, mut commands) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for step in document::parse(&lines)? {
        let place = format!("line {}: $ {}", step.line, step.command);
        if let Some(reason) = step.skip {
            skipped.push(format!("{place} ({reason})"));
            continue;
        }
        let Some(output) = stage.run(&step.command).map_err(|fault| format!("{place}\n  {fault}"))? else { continue };
        commands += 1;
        let expected = &lines[step.expected.clone()];
        let fits = matcher::output_matches(expected, &output);
        if !fits {
            faults.push(format!("{place}\n{}", matcher::diff(expected, &output)));
        }
        if !fits || expected == ["..."] {
            replacements.push((step.expected, matcher::merged(expected, &output)));
        }
    }
    if commands == 0 {
        return Err("no command of it is run: a document that shows nothing proves nothing".to_owned());
    }
    for (range, output) in replacements.into_iter().rev() {
        lines.splice(range, output);
    }
    Ok(Played { faults, skipped, updated: lines.join("\n") + "\n" })
}

/// Every document that promises sessions: the README, one for each example, and those only tests need.
fn documents(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![root.join("README.md")];
    for example in entries(&root.join("examples"))? {
        if example.is_dir() {
            found.push(example.join("README.md"));
        }
    }
    let sessions = root.join("tests/sessions");
    if sessions.is_dir() {
        found.extend(entries(&sessions)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// A stage with what the document may expect around it.
fn stage_for(document: &Path, root: &Path) -> io::Result<Stage> {
    let stage = Stage::new()?;
    let examples = root.join("examples");
    match document.parent() {
        Some(example) if example.starts_with(&examples) => copy(example, &stage.folder)?,
        _ => copy(&examples, &stage.folder.join("examples"))?,
    }
    Ok(stage)
}

/// Copies a folder, but for what following its README by hand has left in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for path in entries(from)? {
        let Some(name) =
            path.file_name().filter(|name| *name != "out" && !name.as_encoded_bytes().starts_with(b"shop.db"))
        else {
            continue;
        };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn play_file(path: &Path, root: &Path) -> Outcome<Played> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut stage = stage_for(path, root).map_err(|error| format!("no stage for it: {error}"))?;
    let mut played = play(&text, &mut stage)?;
    if std::env::var_os("UPDATE").is_some() && played.updated != text {
        fs::write(path, &played.updated).map_err(|error| format!("cannot be updated: {error}"))?;
        played.faults.clear();
    }
    Ok(played)
}

#[test]
fn documents_print_what_they_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for path in documents(root).unwrap() {
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        match play_file(&path, root) {
            Ok(played) => {
                for skipped in played.skipped {
                    // straight to stderr: a passing test's `eprintln!` is kept from the reader
                    let _ = writeln!(io::stderr(), "skipped: {name}, {skipped}");
                }
                report.extend(played.faults.iter().map(|fault| format!("\n{name}, {fault}")));
            }
            Err(fault) => report += &format!("\n{name}, {fault}\n"),
        }
    }
    assert!(report.is_empty(), "\n{report}\nif that is meant: UPDATE=1 cargo test --test sessions\n");
}
