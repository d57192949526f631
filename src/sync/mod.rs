//! The order of a run: pull, match, allocate, ship, push, and the outbox that never forgets.
