//! One file per command: read the arguments, call, report.
