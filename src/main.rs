use std::process::ExitCode;

fn main() -> ExitCode {
    purvey::cli::run()
}
