//! Master files as they are read: a piece at a time, so that no file is ever whole in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::lex::{lex, Entry, Lexed};
use super::ScanError;

/// How much is read at once.
const PIECE: usize = 1 << 18;
/// An entry longer than this is no record: rdata of 65535 octets takes 262,140 characters at most, and blanks.
const MAX_ENTRY: usize = 1 << 20;

/// Where a master file comes from.
pub enum Origin {
    /// A path, `-` for standard input.
    Path(PathBuf),
    /// Text in memory, with a name for errors.
    Text(String, Vec<u8>),
}

/// One master file while it is read.
pub(crate) struct Source {
    input: Box<dyn Read + Send>,
    /// How errors name it.
    pub(crate) name: String,
    /// The folder that relative names of `$INCLUDE` start from.
    pub(crate) folder: PathBuf,
    buffer: Vec<u8>,
    start: usize,
    is_drained: bool,
    line: u32,
    last: u8,
}

impl Source {
    pub(crate) fn open(origin: Origin) -> Result<Source, ScanError> {
        let (input, name, folder): (Box<dyn Read + Send>, String, PathBuf) = match origin {
            Origin::Text(name, text) => (Box::new(io::Cursor::new(text)), name, PathBuf::new()),
            Origin::Path(path) if path == Path::new("-") => {
                (Box::new(io::stdin()), "standard input".to_owned(), PathBuf::new())
            }
            Origin::Path(path) => {
                let name = path.display().to_string();
                let file = File::open(&path).map_err(|error| ScanError::io(&name, &error))?;
                // Opening a folder succeeds, and only reading it would not: too late to say which line includes it.
                if file.metadata().is_ok_and(|found| found.is_dir()) {
                    return Err(ScanError::plain(&name, "can't be read: Is a directory"));
                }
                (Box::new(file), name, path.parent().map(Path::to_path_buf).unwrap_or_default())
            }
        };
        Ok(Source { input, name, folder, buffer: Vec::new(), start: 0, is_drained: false, line: 1, last: b'\n' })
    }

    /// The next entry; false at the end of the file.
    pub(crate) fn next(&mut self, entry: &mut Entry) -> Result<bool, ScanError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or(&[]);
            let found = lex(rest, self.is_drained, &mut self.line, entry);
            match found.map_err(|e| ScanError::new(&self.name, e.line, e.column, e.what))? {
                Lexed::Entry(length) => {
                    entry.base = self.start;
                    self.start = self.start.saturating_add(length);
                    return Ok(true);
                }
                Lexed::End => return Ok(false),
                Lexed::More(skipped) => {
                    if rest.len().saturating_sub(skipped) > MAX_ENTRY {
                        return Err(ScanError::new(&self.name, self.line, 1, "an entry longer than a mebibyte"));
                    }
                    self.start = self.start.saturating_add(skipped);
                    self.fill()?;
                }
            }
        }
    }

    /// What the tokens of the entry at hand refer to.
    pub(crate) fn buffer(&self, entry: &Entry) -> &[u8] {
        self.buffer.get(entry.base..).unwrap_or(&[])
    }

    /// Whether the last line ends as lines do. Once the file is read; a file that was cut off mostly does not.
    pub(crate) fn ends_with_a_line(&self) -> bool {
        self.last == b'\n'
    }

    fn fill(&mut self) -> Result<(), ScanError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
        let read = self.input.by_ref().take(limit).read_to_end(&mut self.buffer);
        read.map_err(|error| ScanError::io(&self.name, &error))?;
        self.is_drained = self.buffer.len() == before;
        self.last = self.buffer.last().copied().filter(|_| !self.is_drained).unwrap_or(self.last);
        Ok(())
    }
}
