//! A stateful marketplace on loopback, to try things on and to be wrong on purpose.
