//! Whole zones: master file in, records in canonical order, a denial chain, signatures, master file out.
//!
//! Records lie in one arena. What a zone holds is never changed: a builder gathers, `Zone` is what comes of it.

mod builder;
mod check;
mod denial;
mod generate;
mod layout;
mod lex;
mod misfits;
mod render;
mod scan;
mod sign;
mod source;
mod store;
mod verify;
mod verify_denial;
mod zonemd;

use std::fmt;
use std::io;

pub use builder::{Foreign, ZoneBuilder};
pub use check::{Problem, ProblemCode, Unverified};
pub use denial::Denial;
pub use misfits::misfits;
pub use scan::{scan, ScanOptions};
pub use sign::{Progress, SignError, SigningPlan, SigningStats, ZoneKey, ZoneSigning};
pub use source::Origin;
pub use store::{Counts, Zone};
pub use verify::{verify, Report, VerifyOptions};
pub use zonemd::zone_digest;

/// Why a master file can't be read, and where. Line and column count from 1; 0 where the whole file is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanError {
    /// Name of the file; empty when no file is to blame.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Column, in octets.
    pub column: u32,
    /// A sentence fragment for a person.
    pub what: String,
}

impl ScanError {
    pub(crate) fn new(file: &str, line: u32, column: u32, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, column, what: what.into() }
    }

    pub(crate) fn plain(file: &str, what: impl Into<String>) -> Self {
        Self::new(file, 0, 0, what)
    }

    pub(crate) fn argument(what: impl Into<String>) -> Self {
        Self::new("", 0, 0, what)
    }

    fn io(file: &str, error: &io::Error) -> Self {
        Self::plain(file, format!("can't be read: {}", plain_text(error)))
    }

    /// The same error, met while the file that `name` includes was opened.
    fn included(self, name: &str, token: Option<lex::Token>) -> Self {
        let (line, column) = token.map_or((0, 0), |token| (token.line, token.column));
        Self::new(name, line, column, format!("{}: {}", self.file, self.what))
    }
}

/// What the operating system says, without the number that Rust adds.
pub(crate) fn plain_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}", self.file)?;
            if self.line > 0 {
                write!(f, " line {} column {}", self.line, self.column)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.what)
    }
}

impl std::error::Error for ScanError {}
