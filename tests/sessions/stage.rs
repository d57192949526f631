//! Where a document's commands run.
use crate::Outcome;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A scratch folder, the environment a command sees, and the processes that run beside the document.
pub struct Stage {
    scratch: tempfile::TempDir,
    pub folder: PathBuf,
    exports: Vec<(String, String)>,
    beside: Vec<Child>,
}

impl Stage {
    pub fn new() -> io::Result<Stage> {
        let scratch = tempfile::tempdir()?;
        let folder = scratch.path().join("work");
        fs::create_dir(&folder)?;
        fs::create_dir(scratch.path().join("home"))?;
        Ok(Stage { scratch, folder, exports: Vec::new(), beside: Vec::new() })
    }

    /// Runs one command; `None` where it is for the reader alone.
    pub fn run(&mut self, command: &str) -> Outcome<Option<Vec<String>>> {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words[..] {
            ["cargo", "run", ..] => {
                let arguments = command.split_once(" -- ").map_or("", |(_, arguments)| arguments);
                self.run(&format!("purvey {arguments}"))
            }
            ["cargo", ..] => Ok(None),
            ["cd", folder] => {
                self.folder = self.folder.join(folder).canonicalize().map_err(|error| error.to_string())?;
                Ok(Some(Vec::new()))
            }
            ["export", ref assignment @ ..] => {
                let [assignment] = assignment else { return Err("export takes one NAME=value, unquoted".to_owned()) };
                let (name, value) = assignment.split_once('=').ok_or("export takes NAME=value")?;
                self.exports.push((name.to_owned(), value.to_owned()));
                Ok(Some(Vec::new()))
            }
            [.., "&"] => self.start(command.trim_end_matches('&')).map(Some),
            _ => self.shell(command).map(Some),
        }
    }

    fn sh(&self, script: &str) -> Command {
        let programs = Path::new(env!("CARGO_BIN_EXE_purvey")).parent().unwrap_or(Path::new("."));
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 2>&1\n{script}")).current_dir(&self.folder).env_clear();
        command.env("PATH", path).env("HOME", self.scratch.path().join("home")).env("TMPDIR", self.scratch.path());
        command.env("TZ", "UTC").env("LC_ALL", "C").env("NO_COLOR", "1").envs(self.exports.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    fn shell(&self, script: &str) -> Outcome<Vec<String>> {
        let done = self.sh(script).output().map_err(|error| format!("sh: {error}"))?;
        let text = String::from_utf8(done.stdout).map_err(|_| "the output is not UTF-8".to_owned())?;
        let mut lines: Vec<String> = text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        match done.status.code() {
            Some(0) => {}
            Some(code) => lines.push(format!("[exit {code}]")),
            None => lines.push("[exit by a signal]".to_owned()),
        }
        Ok(lines)
    }

    /// Starts a process beside the document and waits for its first line, so that the next command finds it ready.
    fn start(&mut self, script: &str) -> Outcome<Vec<String>> {
        /// Far beyond what any start takes: it only keeps a silent process from holding the tests forever.
        const PATIENCE: Duration = Duration::from_secs(120);
        let mut child = self.sh(&format!("exec {script}")).spawn().map_err(|error| format!("sh: {error}"))?;
        let stdout = child.stdout.take();
        self.beside.push(child);
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            // reads on after the first line: a full pipe would stop the process
            for line in stdout.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        match heard.recv_timeout(PATIENCE) {
            Ok(line) => Ok(vec![line]),
            Err(_) => Err("it ended, or kept silent, before a first line".to_owned()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.beside {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
