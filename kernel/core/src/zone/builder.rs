//! The records of a zone while they are gathered: one arena for all octets, records in the order they came.

use super::ScanError;
use crate::error::ArgumentError;
use crate::name::{push_sort_key, push_text, Name};
use crate::rdata;
use crate::types as t;

/// Where octets stand in the arena: 48 bits of place, 16 of length, since there are millions of them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span(u64);

impl Span {
    fn new(at: usize, len: usize) -> Span {
        Span(u64::try_from(at).unwrap_or(u64::MAX) << 16 | u64::from(u16::try_from(len).unwrap_or(u16::MAX)))
    }

    fn range(self) -> std::ops::Range<usize> {
        let at = usize::try_from(self.0 >> 16).unwrap_or(usize::MAX);
        at..at.saturating_add(usize::try_from(self.0 & 0xFFFF).unwrap_or(0))
    }
}

/// A name that one or more records in a row have as their owner.
#[derive(Clone, Copy)]
pub(crate) struct OwnerRun {
    pub(crate) name: Span,
    pub(crate) key: Span,
    pub(crate) file: u16,
    pub(crate) line: u32,
}

/// One record.
#[derive(Clone, Copy)]
pub(crate) struct Raw {
    pub(crate) owner: u32,
    pub(crate) rdtype: u16,
    pub(crate) ttl: u32,
    pub(crate) rdata: Span,
}

/// Rdata of a type that Python reads: its text, and where it stands.
pub struct Foreign {
    pub(crate) record: usize,
    /// RR type.
    pub rdtype: u16,
    /// The words of the rdata, one blank between them.
    pub text: String,
    /// What completes relative names, if anything does.
    pub origin: Option<Name>,
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// Records that become a `Zone`.
#[derive(Default)]
pub struct ZoneBuilder {
    pub(crate) arena: Vec<u8>,
    pub(crate) owners: Vec<OwnerRun>,
    pub(crate) records: Vec<Raw>,
    pub(crate) files: Vec<String>,
    /// Files whose last line has no end.
    pub(crate) unended: Vec<u16>,
    pub(crate) foreign: Vec<Foreign>,
    /// Foreign rdata, and its presentation format.
    pub(crate) texts: Vec<(Span, Span)>,
}

impl ZoneBuilder {
    /// Append octets to the arena.
    fn store(&mut self, octets: &[u8]) -> Span {
        let at = self.arena.len();
        self.arena.extend_from_slice(octets);
        self.span_from(at)
    }

    /// What was appended to the arena since it was `at` octets long. Nothing longer than 65535 octets is ever stored at once.
    pub(crate) fn span_from(&self, at: usize) -> Span {
        Span::new(at, self.arena.len().saturating_sub(at))
    }

    pub(crate) fn octets(&self, span: Span) -> &[u8] {
        octets_of(&self.arena, span)
    }

    /// The owner of the records to come; the last one again when it is the same name.
    pub(crate) fn owner(&mut self, wire: &[u8], file: u16, line: u32) -> Result<u32, ArgumentError> {
        if self.owners.last().is_some_and(|last| octets_of(&self.arena, last.name) == wire) {
            return Ok(count(self.owners.len()).saturating_sub(1));
        }
        let number = u32::try_from(self.owners.len()).map_err(|_| ArgumentError("more than 4,294,967,295 names"))?;
        let name = self.store(wire);
        let at = self.arena.len();
        push_sort_key(wire, &mut self.arena);
        let key = self.span_from(at);
        self.owners.push(OwnerRun { name, key, file, line });
        Ok(number)
    }

    /// Rdata that Python has to read.
    pub fn foreign(&self) -> &[Foreign] {
        &self.foreign
    }

    /// Names of the files whose last line has no end: they may have been cut off.
    pub fn unended(&self) -> Vec<&str> {
        self.unended.iter().map(|number| self.file(*number)).collect()
    }

    /// Give the rdata (wire format) and its presentation format of each `foreign` entry, in their order.
    pub fn supply(&mut self, found: &[(Vec<u8>, Vec<u8>)]) -> Result<(), ScanError> {
        let foreign = std::mem::take(&mut self.foreign);
        if foreign.len() != found.len() {
            return Err(ScanError::argument("not as many rdatas as were asked for"));
        }
        for (entry, (wire, text)) in foreign.iter().zip(found) {
            rdata::check(entry.rdtype, 1, wire)
                .map_err(|e| ScanError::new(&entry.file, entry.line, entry.column, e.what))?;
            let span = self.store(wire);
            if let Some(record) = self.records.get_mut(entry.record) {
                record.rdata = span;
            }
            if text.len() <= usize::from(u16::MAX) && !text.is_empty() {
                let text = self.store(text);
                self.texts.push((span, text));
            }
        }
        Ok(())
    }

    pub(crate) fn add_foreign(&mut self, owner: u32, ttl: u32, foreign: Foreign) {
        let record = self.records.len();
        self.records.push(Raw { owner, rdtype: foreign.rdtype, ttl, rdata: Span::default() });
        self.foreign.push(Foreign { record, ..foreign });
    }

    /// The name of the only SOA record.
    pub fn apex(&self) -> Result<Name, ScanError> {
        let mut found = self.records.iter().filter(|record| record.rdtype == t::SOA);
        let first = found.next().ok_or(ScanError::plain(self.file(0), "no SOA record: this is no whole zone"))?;
        let owner = |record: &Raw| self.owners.get(usize_of(record.owner)).copied();
        let first_owner = owner(first).ok_or(ScanError::argument("no owner"))?;
        for other in found {
            let other_owner = owner(other).unwrap_or(first_owner);
            if self.octets(other_owner.key) != self.octets(first_owner.key) {
                let what = format!("a second SOA, at {}", self.name_text(other_owner.name));
                return Err(ScanError::new(self.file(other_owner.file), other_owner.line, 1, what));
            }
        }
        Name::from_wire(self.octets(first_owner.name)).map_err(|e| ScanError::argument(e.what))
    }

    /// Rdata of a type at a name, in the order it came, with its TTL. Looks at every record.
    pub fn rdatas(&self, name: &Name, rdtype: u16) -> Vec<(u32, &[u8])> {
        let mut key = Vec::new();
        push_sort_key(name.wire(), &mut key);
        let is_here = |record: &&Raw| {
            let owner = self.owners.get(usize_of(record.owner));
            record.rdtype == rdtype && owner.is_some_and(|owner| self.octets(owner.key) == key)
        };
        self.records.iter().filter(is_here).map(|record| (record.ttl, self.octets(record.rdata))).collect()
    }

    /// Drop every record of these types, or only those at `name`.
    pub fn drop_types(&mut self, rdtypes: &[u16], name: Option<&Name>) -> usize {
        let mut key = Vec::new();
        if let Some(name) = name {
            push_sort_key(name.wire(), &mut key);
        }
        let before = self.records.len();
        let (owners, arena) = (&self.owners, &self.arena);
        self.records.retain(|record| {
            let owner = owners.get(usize_of(record.owner));
            let is_here = name.is_none() || owner.is_some_and(|owner| octets_of(arena, owner.key) == key);
            !(is_here && rdtypes.contains(&record.rdtype))
        });
        before.saturating_sub(self.records.len())
    }

    /// Add records.
    pub fn add(&mut self, name: &Name, rdtype: u16, ttl: u32, rdatas: &[&[u8]]) -> Result<(), ScanError> {
        let owner = self.owner(name.wire(), u16::MAX, 0).map_err(|e| ScanError::argument(e.0))?;
        for octets in rdatas {
            rdata::check(rdtype, 1, octets).map_err(|e| ScanError::argument(e.what))?;
            let span = self.store(octets);
            self.records.push(Raw { owner, rdtype, ttl, rdata: span });
        }
        Ok(())
    }

    pub(crate) fn file(&self, number: u16) -> &str {
        self.files.get(usize::from(number)).map_or("the records", String::as_str)
    }

    pub(crate) fn name_text(&self, name: Span) -> String {
        let mut text = Vec::new();
        push_text(self.octets(name), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

pub(crate) fn octets_of(arena: &[u8], span: Span) -> &[u8] {
    arena.get(span.range()).unwrap_or(&[])
}

pub(crate) fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A count as it is stored; the builder refuses more than that.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
