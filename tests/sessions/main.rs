//! Documents that run: every ```` ```console ```` block of a README is executed, and must print what it shows.
//!
//! | in a block | means |
//! |---|---|
//! | `$ command` | run by `sh`; a line ending in `\` goes on in the next, which begins with `> ` |
//! | `$ export NAME=value`, `$ cd folder` | hold until the end of the document |
//! | `$ purvey … &` | runs beside the document until its end; of what it says the first line counts |
//! | `$ cargo run … -- ARGS` | runs `purvey ARGS`; any other `cargo` line is for the reader alone |
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
