//! Files that cannot even be opened, each in its own way: named, nothing taken, and nobody waits.
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::stage::{Said, Stage, products};
use super::watch::watched;

#[test]
fn a_file_that_is_not_there_is_named() {
    let stage = Stage::furnished(4, 1);
    let before = super::every::dump(&stage);
    // the first one could be read: a wrong name stops the import before anything is stored
    stage.write("more.csv", &products(8, 1));
    let said = watched(&stage, &["import", "more.csv", "missing.csv"]).ends_with(74);
    assert!(said.err.contains("missing.csv"), "{said:?}");
    assert_eq!(super::every::dump(&stage), before);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let stage = Stage::furnished(4, 1);
    stage.write("secret.csv", &products(8, 1));
    fs::set_permissions(stage.path("secret.csv"), Permissions::from_mode(0o000)).unwrap();
    let mut command = stage.command(&["import", "secret.csv"]);
    if fs::read(stage.path("secret.csv")).is_ok() {
        // whoever runs the tests may read everything, so the command is run without that right
        let may = "-dac_override,-dac_read_search";
        let plain = std::mem::replace(&mut command, Command::new("setpriv"));
        command.args([format!("--bounding-set={may}"), format!("--inh-caps={may}")]);
        command.arg(plain.get_program()).args(plain.get_args());
        command.current_dir(stage.path(""));
    }
    let said = Said::from(command.output().unwrap()).ends_with(74);
    assert!(said.err.contains("secret.csv") && said.err.to_lowercase().contains("permission"), "{said:?}");
    assert_eq!(stage.rows("SELECT count(*) FROM variant"), ["4"]);
}

#[test]
fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let stage = Stage::furnished(4, 1);
    assert!(Command::new("mkfifo").arg(stage.path("pipe.csv")).status().unwrap().success());
    let said = watched(&stage, &["import", "pipe.csv"]).ends_with(65);
    assert!(said.err.contains("pipe.csv is a named pipe") && said.err.contains("`-`"), "{said:?}");
}

#[test]
fn standard_input_without_anything_in_it_says_so() {
    let stage = Stage::furnished(4, 1);
    let said = watched(&stage, &["import", "-"]).ends_with(65);
    assert!(said.err.contains("standard input is empty"), "{said:?}");
    let plain = stage.command(&["import", "-"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" <&-"]).arg(plain.get_program()).args(plain.get_args());
    let said = Said::from(shell.current_dir(stage.path("")).output().unwrap());
    assert!(matches!(said.code, Some(65 | 74)) && said.err.contains("standard input"), "{said:?}");
}
