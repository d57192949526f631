//! What is true of every command, however it ends.
use crate::stage::{KEY, Said, Stage};

/// The buyer of the orders: shown when asked for with `--buyer` or `--buyers`, and never else.
pub const BUYER: &str = "Canaria Buyerby";

/// Runs a command and holds it to what is true of all of them:
/// no secret and no buyer in what it says, nothing that could steer a terminal, no result when it was stopped by an
/// error, and with `--json` one object a line on both streams.
pub fn watched(stage: &Stage, arguments: &[&str]) -> Said {
    let said = stage.run(arguments);
    let asked_for_buyer = arguments.iter().any(|argument| argument.starts_with("--buyer"));
    for text in [&said.out, &said.err] {
        assert!(!text.contains(KEY), "{arguments:?} tells the key: {said:?}");
        assert!(asked_for_buyer || !text.contains(BUYER), "{arguments:?} tells the buyer: {said:?}");
        assert!(!text.contains("panicked"), "{arguments:?}: {said:?}");
        let steering = text.chars().find(|c| *c != '\n' && is_steering(*c));
        assert_eq!(steering, None, "{arguments:?} steers the terminal: {said:?}");
        if arguments.contains(&"--json") && said.code != Some(2) {
            for line in text.lines() {
                let value: serde_json::Value =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {line:?}"));
                assert!(value.is_object() || value.is_array(), "{arguments:?}: {line}");
            }
        }
    }
    let stopped = !matches!(said.code, Some(0 | 1 | 3 | 4));
    assert!(!stopped || said.out.is_empty(), "{arguments:?} has a result though it was stopped: {said:?}");
    assert!(!stopped || !said.err.is_empty(), "{arguments:?} does not say what stopped it");
    said
}

/// Control characters, and those that turn the direction of a text.
fn is_steering(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Said {
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Said {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}
