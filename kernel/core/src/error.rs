//! The two kinds of error: bytes that are not what they should be, and arguments that make no sense.

use std::fmt;

/// Bytes that do not parse: what is wrong, and at which offset of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError {
    /// A sentence fragment for a person.
    pub what: &'static str,
    /// Octets from the start of what was parsed.
    pub offset: usize,
    /// The input ended too early; all that came before may be fine.
    pub truncated: bool,
}

impl WireError {
    /// Something wrong at `offset`.
    pub fn new(what: &'static str, offset: usize) -> Self {
        Self { what, offset, truncated: false }
    }

    /// The input ends before what it announces.
    pub fn truncated(offset: usize) -> Self {
        Self { what: "input ends too early", offset, truncated: true }
    }

    /// The same error, seen as one inside a field whose length was given: never a truncation of the whole.
    pub fn within(mut self, what: &'static str) -> Self {
        if self.truncated {
            self.truncated = false;
            self.what = what;
        }
        self
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}", self.what, self.offset)
    }
}

impl std::error::Error for WireError {}

/// An argument that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError(pub &'static str);

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ArgumentError {}
