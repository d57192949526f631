//! The harness on documents of its own, which need no more of the machine than `sh`.
use crate::stage::Stage;
use crate::{Outcome, Played, play};
use std::fs;
use std::process::{Command, Stdio};

fn block(text: &str) -> String {
    format!("# A document\n\n```console\n{text}\n```\n\nThe end.\n")
}

fn played(text: &str) -> Outcome<Played> {
    let mut stage = Stage::new().map_err(|error| error.to_string())?;
    play(&block(text), &mut stage)
}

/// Faults of a document that could be run.
#[track_caller]
fn faults(text: &str) -> String {
    played(text).unwrap().faults.join("\n")
}

#[track_caller]
fn updated(text: &str) -> String {
    played(text).unwrap().updated
}

#[test]
fn a_session_is_run_and_compared() {
    assert_eq!(faults("$ echo one; echo two >&2\none\ntwo\n\n$ printf 'a b\\n'\na [..]"), "");
    assert_eq!(faults("$ echo one\ntwo"), "line 4: $ echo one\n  - two\n  + one\n");
    assert_eq!(faults("$ echo one \\\n> two\none two"), "");
}

#[test]
fn the_exit_status_is_part_of_what_a_command_says() {
    assert_eq!(faults("$ echo bad; exit 3\nbad\n[exit 3]"), "");
    assert_eq!(faults("$ exit 3"), "line 4: $ exit 3\n  + [exit 3]\n");
    assert_eq!(faults("$ true\n[exit 3]"), "line 4: $ true\n  - [exit 3]\n");
}

#[test]
fn commands_share_a_folder_and_what_was_exported_and_nothing_else() {
    assert_eq!(faults("$ mkdir a\n$ cd a\n$ echo x > f\n$ cat ../a/f\nx"), "");
    assert_eq!(faults("$ export SHOP=Lantern\n$ echo $SHOP\nLantern"), "");
    assert_eq!(faults("$ echo \"[$CARGO_MANIFEST_DIR]\" $TZ $LC_ALL $NO_COLOR\n[] UTC C 1"), "");
    assert_eq!(faults("$ ls ~ | wc -l | tr -d ' '\n0"), "");
    assert_eq!(
        played("$ export A='b c'").unwrap_err(),
        "line 4: $ export A='b c'\n  export takes one NAME=value, unquoted"
    );
}

#[test]
fn purvey_is_the_one_just_built() {
    let built = env!("CARGO_BIN_EXE_purvey");
    assert_eq!(faults(&format!("$ command -v purvey\n{built}")), "");
    let runs = |command: &str| Stage::new().unwrap().run(command).unwrap();
    assert_eq!(runs("cargo run --release -- --version"), runs("purvey --version"));
    assert_eq!(runs("cargo test"), None);
}

#[test]
fn a_process_beside_the_document_is_ready_before_the_next_command_and_gone_at_the_end() {
    let mut stage = Stage::new().unwrap();
    let ready = "$ sh -c 'echo $$ > pid; echo ready; exec sleep 600' &\nready\n$ kill -0 $(cat pid)";
    assert_eq!(play(&block(ready), &mut stage).unwrap().faults, [""; 0]);
    let pid = fs::read_to_string(stage.folder.join("pid")).unwrap();
    drop(stage);
    let alive =
        Command::new("sh").args(["-c", &format!("kill -0 {}", pid.trim())]).stderr(Stdio::null()).status().unwrap();
    assert!(!alive.success());
    assert!(played("$ true &").unwrap_err().contains("before a first line"));
}

#[test]
fn an_update_rewrites_what_differs_and_nothing_else() {
    assert_eq!(updated("$ echo one\ntwo\n\n$ exit 3"), block("$ echo one\none\n\n$ exit 3\n[exit 3]"));
    assert_eq!(updated("$ echo one; echo two\n[..]e\n..."), block("$ echo one; echo two\n[..]e\n..."));
    assert_eq!(
        updated("$ echo took 3 ms; echo two\ntook [..] ms"),
        block("$ echo took 3 ms; echo two\ntook [..] ms\ntwo")
    );
    assert_eq!(updated("$ echo one; exit 3\n..."), block("$ echo one; exit 3\none\n[exit 3]"));
}

#[test]
fn a_skipped_block_is_named_and_a_document_without_commands_fails() {
    let skipped = "<!-- session: skip needs a network -->\n```console\n$ exit 3\n```\n";
    let and_more = format!("{skipped}{}", block("$ true"));
    let found = play(&and_more, &mut Stage::new().unwrap()).unwrap();
    assert_eq!(found.skipped, ["line 3: $ exit 3 (needs a network)"]);
    assert_eq!(found.faults, [""; 0]);
    for nothing in [skipped, "Words.\n", "```console\n$ cargo test\n```\n"] {
        assert!(play(nothing, &mut Stage::new().unwrap()).unwrap_err().contains("no command"), "{nothing}");
    }
}
