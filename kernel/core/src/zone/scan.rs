//! Master files to records (RFC 1035 §5.1, RFC 2308 §4, RFC 3597 §5), with `$INCLUDE` and `$GENERATE`.

use std::path::{Path, PathBuf};

use super::builder::{Foreign, Raw, ZoneBuilder};
use super::generate::{Pattern, MAX_GENERATED};
use super::lex::{lex, Entry, Lexed, Token};
use super::source::{Origin, Source};
use super::ScanError;
use crate::error::ArgumentError;
use crate::name::{read_text, Name, NameBuf};
use crate::presentation::{is_known, rdtype, read_rdata, seconds, Word};
use crate::types as t;

/// Files deeper in each other than this include themselves.
const MAX_DEPTH: usize = 16;
/// RFC 2181 §8: a TTL is below 2**31.
const MAX_TTL: u32 = 0x7FFF_FFFF;

/// What `scan` is told.
pub struct ScanOptions {
    /// What completes relative names until `$ORIGIN` says otherwise.
    pub origin: Option<Name>,
    /// TTL of records that have none, where nothing before them says one. Seconds.
    pub default_ttl: Option<u32>,
    /// Whether `$INCLUDE` may read other files.
    pub include: bool,
}

/// Read a master file into a builder. Rdata of rare types is left to be supplied.
pub fn scan(origin: Origin, options: &ScanOptions) -> Result<ZoneBuilder, ScanError> {
    let mut scanner = Scanner {
        zone: ZoneBuilder::default(),
        place: Place { origin: options.origin.as_ref().map(|name| name.wire().to_vec()), owner: None, file: 0 },
        owner_text: Vec::new(),
        ttl: options.default_ttl,
        has_ttl_directive: false,
        include: options.include,
        generated: 0,
    };
    let mut stack: Vec<(Source, Place)> = Vec::new();
    let mut source = scanner.open(origin)?;
    let mut entry = Entry::default();
    loop {
        if !source.next(&mut entry)? {
            if !source.ends_with_a_line() {
                scanner.zone.unended.push(scanner.place.file);
            }
            let Some((outer, place)) = stack.pop() else { return Ok(scanner.zone) };
            (source, scanner.place) = (outer, place);
            scanner.owner_text.clear();
            continue;
        }
        let Some(path) = scanner.take(source.buffer(&entry), &entry, &source)? else { continue };
        let token = entry.tokens.first().copied();
        if stack.len() >= MAX_DEPTH {
            return Err(at(&source.name, token, "$INCLUDE nests deeper than 16 files: does one include itself?"));
        }
        let place = scanner.place.clone();
        let inner = scanner.open(Origin::Path(path.file)).map_err(|e| e.included(&source.name, token))?;
        if path.origin.is_some() {
            scanner.place.origin = path.origin;
            scanner.owner_text.clear();
        }
        stack.push((std::mem::replace(&mut source, inner), place));
    }
}

/// An error at a word of a file.
fn at(file: &str, token: Option<Token>, what: impl Into<String>) -> ScanError {
    let (line, column) = token.map_or((0, 0), |token| (token.line, token.column));
    ScanError::new(file, line, column, what)
}

/// What `$INCLUDE` restores at its end (RFC 1035 §5.1).
#[derive(Clone)]
struct Place {
    origin: Option<Vec<u8>>,
    owner: Option<u32>,
    file: u16,
}

struct Include {
    file: PathBuf,
    origin: Option<Vec<u8>>,
}

struct Scanner {
    zone: ZoneBuilder,
    place: Place,
    /// How the owner at hand is written; empty when that says nothing, since the origin has changed.
    owner_text: Vec<u8>,
    ttl: Option<u32>,
    has_ttl_directive: bool,
    include: bool,
    /// Records that `$GENERATE` has made.
    generated: u64,
}

/// What stands before the rdata of a record.
struct Head {
    ttl: Option<u32>,
    rdtype: u16,
    /// Where the type stands.
    place: Token,
    /// Tokens before the rdata.
    used: usize,
}

impl Scanner {
    fn open(&mut self, origin: Origin) -> Result<Source, ScanError> {
        let source = Source::open(origin)?;
        self.place.file = u16::try_from(self.zone.files.len())
            .ok()
            .filter(|number| *number < u16::MAX)
            .ok_or(ScanError::argument("more than 65534 files are included"))?;
        self.zone.files.push(source.name.clone());
        Ok(source)
    }

    /// Take in an entry; another file, when it includes one.
    fn take(&mut self, buffer: &[u8], entry: &Entry, source: &Source) -> Result<Option<Include>, ScanError> {
        let file = source.name.as_str();
        let Some(first) = entry.tokens.first() else { return Ok(None) };
        let word = first.word(buffer);
        if !entry.leading_blank && !word.quoted && word.text.starts_with(b"$") {
            return self.directive(buffer, entry, source);
        }
        self.record(buffer, entry, file).map(|()| None)
    }

    fn record(&mut self, buffer: &[u8], entry: &Entry, file: &str) -> Result<(), ScanError> {
        let mut tokens = entry.tokens.as_slice();
        if !entry.leading_blank {
            if let Some((first, rest)) = tokens.split_first() {
                tokens = rest;
                self.take_owner(first.word(buffer), first.line).map_err(|e| at(file, Some(*first), e.0))?;
            }
        }
        let first = entry.tokens.first().copied();
        let owner = self.place.owner.ok_or_else(|| at(file, first, "the first record has no owner name"))?;
        let head = read_head(buffer, tokens, first, file)?;
        let rdata = tokens.get(head.used..).unwrap_or(&[]);
        self.finish_record(buffer, owner, &head, rdata, first, file)
    }

    fn take_owner(&mut self, word: Word<'_>, line: u32) -> Result<(), ArgumentError> {
        // Most records have the owner of the one before, written the same.
        if self.place.owner.is_some() && self.owner_text == word.text && !word.quoted {
            return Ok(());
        }
        let mut name = NameBuf::new();
        self.name(word, &mut name)?;
        self.place.owner = Some(self.zone.owner(name.as_slice(), self.place.file, line)?);
        self.owner_text.clear();
        self.owner_text.extend_from_slice(word.text);
        Ok(())
    }

    fn finish_record(
        &mut self,
        buffer: &[u8],
        owner: u32,
        head: &Head,
        tokens: &[Token],
        first: Option<Token>,
        file: &str,
    ) -> Result<(), ScanError> {
        let is_generic = tokens.first().is_some_and(|token| !token.quoted && token.word(buffer).text == br"\#");
        if !is_known(head.rdtype) && !is_generic {
            let ttl = self.settle_ttl(head, None).ok_or_else(|| at(file, first, NO_TTL))?;
            let foreign = self.foreign(buffer, head, tokens, file)?;
            self.zone.add_foreign(owner, ttl, foreign);
            return Ok(());
        }
        let start = self.zone.arena.len();
        let words = tokens.iter().map(|token| token.word(buffer));
        read_rdata(head.rdtype, words, self.place.origin.as_deref(), &mut self.zone.arena).map_err(|e| {
            let token = tokens.get(e.word).or(tokens.last()).copied().unwrap_or(head.place);
            at(file, Some(token), format!("{}: {}", t::to_text(head.rdtype), e.what))
        })?;
        let rdata = self.zone.span_from(start);
        let minimum = (head.rdtype == t::SOA).then(|| self.zone.octets(rdata).last_chunk::<4>().copied()).flatten();
        let ttl = self.settle_ttl(head, minimum).ok_or_else(|| at(file, first, NO_TTL))?;
        self.zone.records.push(Raw { owner, rdtype: head.rdtype, ttl, rdata });
        Ok(())
    }

    /// RFC 2308 §4: `$TTL` is what a record without a TTL gets; where there is none, the last one that was stated (RFC 1035
    /// §5.1), and for an SOA at the start of a file its own MINIMUM, as other signers do.
    fn settle_ttl(&mut self, head: &Head, minimum: Option<[u8; 4]>) -> Option<u32> {
        if let (Some(stated), false) = (head.ttl, self.has_ttl_directive) {
            self.ttl = Some(stated);
        }
        if let (None, Some(minimum)) = (self.ttl, minimum) {
            self.ttl = Some(u32::from_be_bytes(minimum).min(MAX_TTL));
        }
        head.ttl.or(self.ttl)
    }

    fn foreign(&self, buffer: &[u8], head: &Head, tokens: &[Token], file: &str) -> Result<Foreign, ScanError> {
        let place = tokens.first().unwrap_or(&head.place);
        let origin = self.place.origin.as_deref().map(Name::from_wire).transpose();
        Ok(Foreign {
            record: 0,
            rdtype: head.rdtype,
            // Octets beyond ASCII survive as Latin-1, which keeps one character for each.
            text: joined(buffer, tokens).iter().map(|octet| char::from(*octet)).collect(),
            origin: origin.map_err(|e| at(file, Some(*place), e.what))?,
            file: file.to_owned(),
            line: place.line,
            column: place.column,
        })
    }

    fn name(&self, word: Word<'_>, name: &mut NameBuf) -> Result<(), ArgumentError> {
        if word.quoted {
            return Err(ArgumentError("a quoted string stands where a name is expected"));
        }
        read_text(word.text, self.place.origin.as_deref(), name)
    }

    // --- directives -------------------------------------------------------------------------------------------------------

    fn directive(&mut self, buffer: &[u8], entry: &Entry, source: &Source) -> Result<Option<Include>, ScanError> {
        let file = source.name.as_str();
        let Some((first, arguments)) = entry.tokens.split_first() else { return Ok(None) };
        let fail = |token: Option<&Token>, what: &str| at(file, token.or(Some(first)).copied(), what);
        let word = first.word(buffer).text.to_ascii_uppercase();
        match (word.as_slice(), arguments) {
            (b"$ORIGIN", [name]) => {
                self.place.origin = Some(self.wire(buffer, name, file)?);
                self.owner_text.clear();
            }
            (b"$TTL", [value]) => {
                let ttl = seconds(value.word(buffer).text).filter(|ttl| *ttl <= MAX_TTL);
                self.ttl = Some(ttl.ok_or_else(|| fail(Some(value), "not a TTL"))?);
                self.has_ttl_directive = true;
            }
            (b"$INCLUDE", [path, origin @ ..]) if origin.len() <= 1 => {
                if !self.include {
                    return Err(fail(None, "$INCLUDE is not allowed here"));
                }
                let origin = origin.first().map(|name| self.wire(buffer, name, file)).transpose()?;
                let path = String::from_utf8_lossy(path.word(buffer).text).into_owned();
                // `-` is a file like others here: standard input is no file that another includes.
                let mut file = source.folder.join(path);
                if file == Path::new("-") {
                    file = PathBuf::from("./-");
                }
                return Ok(Some(Include { file, origin }));
            }
            (b"$GENERATE", [range, pattern @ ..]) if pattern.len() >= 3 => {
                self.generate(buffer, range, pattern, file)?
            }
            (b"$ORIGIN" | b"$TTL" | b"$INCLUDE" | b"$GENERATE", _) => {
                return Err(fail(None, "not the arguments that it takes"))
            }
            _ => return Err(fail(None, "unknown directive")),
        }
        Ok(None)
    }

    fn wire(&self, buffer: &[u8], token: &Token, file: &str) -> Result<Vec<u8>, ScanError> {
        let mut name = NameBuf::new();
        self.name(token.word(buffer), &mut name).map_err(|e| at(file, Some(*token), e.0))?;
        Ok(name.as_slice().to_vec())
    }

    fn generate(&mut self, buffer: &[u8], range: &Token, pattern: &[Token], file: &str) -> Result<(), ScanError> {
        let fail = |what: &str| at(file, Some(*range), what);
        let text = joined(buffer, pattern);
        let pattern = Pattern::parse(range.word(buffer).text, &text).map_err(&fail)?;
        let (mut line, mut entry) = (Vec::new(), Entry::default());
        self.generated = self.generated.saturating_add(pattern.count());
        if self.generated > MAX_GENERATED {
            return Err(fail("$GENERATE makes more than 16777216 records in all"));
        }
        for value in pattern.values() {
            line.clear();
            pattern.fill(value, &mut line).map_err(&fail)?;
            let mut number = range.line;
            match lex(&line, true, &mut number, &mut entry) {
                Ok(Lexed::Entry(_)) if !entry.leading_blank => {}
                _ => return Err(fail("what is generated is no record")),
            }
            for token in &mut entry.tokens {
                (token.line, token.column) = (range.line, range.column);
            }
            self.record(&line, &entry, file)?;
        }
        Ok(())
    }
}

const NO_TTL: &str = "no TTL, and neither $TTL nor a record before says one";

fn read_head(buffer: &[u8], tokens: &[Token], first: Option<Token>, file: &str) -> Result<Head, ScanError> {
    let (mut ttl, mut has_class) = (None, false);
    for (used, token) in tokens.iter().enumerate() {
        let word = token.word(buffer);
        let fail = |what: &str| at(file, Some(*token), what);
        if word.quoted {
            return Err(fail("a quoted string stands where the RR type is expected"));
        }
        match class(word.text) {
            Some(1) if !has_class => has_class = true,
            Some(_) => return Err(fail("only records of class IN belong to a zone that is signed")),
            None if ttl.is_none() && word.text.first().is_some_and(u8::is_ascii_digit) => {
                let value = seconds(word.text).ok_or_else(|| fail("neither a TTL nor an RR type"))?;
                if value > MAX_TTL {
                    return Err(fail("a TTL is at most 2147483647"));
                }
                ttl = Some(value);
            }
            None => {
                let rdtype = rdtype(word.text).ok_or_else(|| fail("unknown RR type"))?;
                // RFC 6895 §3.1: 0 and 128 to 255 are no types of data; nor is OPT.
                if rdtype == 0 || (128..=255).contains(&rdtype) || rdtype == t::OPT {
                    return Err(fail("a type that no record in a zone has"));
                }
                return Ok(Head { ttl, rdtype, place: *token, used: used.saturating_add(1) });
            }
        }
    }
    Err(at(file, tokens.last().copied().or(first), "the record ends before its RR type"))
}

/// Class by mnemonic or as `CLASSnnn` (RFC 3597 §5).
fn class(text: &[u8]) -> Option<u16> {
    match text {
        [b'I' | b'i', b'N' | b'n'] => return Some(1),
        [b'C' | b'c', b'H' | b'h'] => return Some(3),
        [b'H' | b'h', b'S' | b's'] => return Some(4),
        _ => {}
    }
    let (word, digits) = text.split_at_checked(5)?;
    if !word.eq_ignore_ascii_case(b"CLASS") || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The words as text, one blank between those that do not touch.
fn joined(buffer: &[u8], tokens: &[Token]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut before: Option<&Token> = None;
    for token in tokens {
        if before.is_some_and(|before| !token.touches(before)) {
            text.push(b' ');
        }
        before = Some(token);
        let word = token.word(buffer);
        let quote: &[u8] = if word.quoted { b"\"" } else { b"" };
        text.extend_from_slice(quote);
        text.extend_from_slice(word.text);
        text.extend_from_slice(quote);
    }
    text
}
