//! Where a finished feed goes.
