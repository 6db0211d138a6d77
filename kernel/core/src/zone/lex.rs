//! Words of a master file (RFC 1035 §5.1): comments, quotes, parentheses and escapes, one entry at a time.

use crate::presentation::Word;

/// A word of an entry: where it stands in the buffer, and where a person finds it.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    start: usize,
    end: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) quoted: bool,
}

impl Token {
    /// Whether nothing stands between the other token and this one: `key="value"` is two of them.
    pub(crate) fn touches(&self, before: &Token) -> bool {
        let end = before.end.saturating_add(usize::from(before.quoted));
        self.start.saturating_sub(usize::from(self.quoted)) == end
    }

    /// The text of the token in the buffer that it was found in, without quotes.
    pub(crate) fn word<'a>(&self, buffer: &'a [u8]) -> Word<'a> {
        Word { text: buffer.get(self.start..self.end).unwrap_or(&[]), quoted: self.quoted }
    }
}

/// The words of one entry, which ends with its line unless parentheses carry it on.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) tokens: Vec<Token>,
    /// The line starts with a blank, so that the owner is that of the entry before.
    pub(crate) leading_blank: bool,
    /// Where the buffer that the tokens refer to starts in that of the file.
    pub(crate) base: usize,
}

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LexError {
    pub(crate) what: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// What was found in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lexed {
    /// An entry; it and what stands before it take up so many octets.
    Entry(usize),
    /// The buffer ends within an entry, or before one; so many octets of blank lines and comments are done with.
    More(usize),
    /// There is no further entry.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Blank,
    Newline,
    Comment,
    Quote,
    Open,
    Close,
    Escape,
    Nul,
}

const fn kinds() -> [Kind; 256] {
    let mut table = [Kind::Text; 256];
    table[0] = Kind::Nul;
    table[b' ' as usize] = Kind::Blank;
    table[b'\t' as usize] = Kind::Blank;
    table[b'\r' as usize] = Kind::Blank;
    table[b'\n' as usize] = Kind::Newline;
    table[b';' as usize] = Kind::Comment;
    table[b'"' as usize] = Kind::Quote;
    table[b'(' as usize] = Kind::Open;
    table[b')' as usize] = Kind::Close;
    table[b'\\' as usize] = Kind::Escape;
    table
}

const KINDS: [Kind; 256] = kinds();

fn kind(octet: u8) -> Kind {
    KINDS[usize::from(octet)]
}

struct Lexer<'a> {
    buffer: &'a [u8],
    pos: usize,
    line: u32,
    line_start: usize,
    depth: u32,
    opened: (u32, u32),
}

enum Step {
    Go,
    Done,
    More,
}

impl Lexer<'_> {
    fn column(&self, pos: usize) -> u32 {
        u32::try_from(pos.saturating_sub(self.line_start).saturating_add(1)).unwrap_or(u32::MAX)
    }

    fn fail<T>(&self, what: &'static str, pos: usize) -> Result<T, LexError> {
        Err(LexError { what, line: self.line, column: self.column(pos) })
    }

    fn end_line(&mut self) {
        self.pos = self.pos.saturating_add(1);
        self.line = self.line.saturating_add(1);
        self.line_start = self.pos;
    }

    fn more(&self, entry: &Entry, line: &mut u32) -> Lexed {
        if !entry.tokens.is_empty() || self.depth > 0 {
            return Lexed::More(0);
        }
        *line = self.line;
        Lexed::More(self.line_start)
    }

    fn step(&mut self, octet: u8, entry: &mut Entry, at_end: bool) -> Result<Step, LexError> {
        match kind(octet) {
            Kind::Blank => {
                if self.pos == self.line_start && self.depth == 0 && entry.tokens.is_empty() {
                    entry.leading_blank = true;
                }
                self.pos = self.pos.saturating_add(1);
            }
            Kind::Newline => {
                self.end_line();
                if self.depth == 0 {
                    if !entry.tokens.is_empty() {
                        return Ok(Step::Done);
                    }
                    entry.leading_blank = false;
                }
            }
            Kind::Comment => {
                let rest = self.buffer.get(self.pos..).unwrap_or(&[]);
                match rest.iter().position(|octet| *octet == b'\n') {
                    Some(length) => self.pos = self.pos.saturating_add(length),
                    None if at_end => self.pos = self.buffer.len(),
                    None => return Ok(Step::More),
                }
            }
            Kind::Open => {
                if self.depth == 0 {
                    self.opened = (self.line, self.column(self.pos));
                }
                self.depth = self.depth.saturating_add(1);
                self.pos = self.pos.saturating_add(1);
            }
            Kind::Close => {
                if self.depth == 0 {
                    return self.fail("a parenthesis is closed that was not opened", self.pos);
                }
                self.depth = self.depth.saturating_sub(1);
                self.pos = self.pos.saturating_add(1);
            }
            Kind::Quote => return self.quoted(entry, at_end),
            Kind::Nul => return self.fail("NUL octet", self.pos),
            Kind::Text | Kind::Escape => return self.text(entry, at_end),
        }
        Ok(Step::Go)
    }

    fn push(&self, entry: &mut Entry, start: usize, end: usize, quoted: bool) {
        let column = self.column(if quoted { start.saturating_sub(1) } else { start });
        entry.tokens.push(Token { start, end, line: self.line, column, quoted });
    }

    fn text(&mut self, entry: &mut Entry, at_end: bool) -> Result<Step, LexError> {
        let start = self.pos;
        let mut pos = start;
        loop {
            let rest = self.buffer.get(pos..).unwrap_or(&[]);
            let plain = rest.iter().position(|octet| kind(*octet) != Kind::Text).unwrap_or(rest.len());
            pos = pos.saturating_add(plain);
            match self.buffer.get(pos).map(|octet| kind(*octet)) {
                Some(Kind::Escape) => match self.buffer.get(pos.saturating_add(1)) {
                    Some(b'\n' | 0) => return self.fail("nothing stands behind a backslash", pos),
                    Some(_) => pos = pos.saturating_add(2),
                    None if at_end => return self.fail("nothing stands behind a backslash", pos),
                    None => return Ok(Step::More),
                },
                None if !at_end => return Ok(Step::More),
                _ => break,
            }
        }
        self.push(entry, start, pos, false);
        self.pos = pos;
        Ok(Step::Go)
    }

    fn quoted(&mut self, entry: &mut Entry, at_end: bool) -> Result<Step, LexError> {
        let start = self.pos.saturating_add(1);
        let mut pos = start;
        loop {
            match self.buffer.get(pos) {
                Some(b'"') => break,
                Some(b'\n') => return self.fail("a quote is not closed on its line", self.pos),
                Some(0) => return self.fail("NUL octet", pos),
                Some(b'\\') => {
                    pos = pos.saturating_add(if self.buffer.get(pos.saturating_add(1)) == Some(&b'\n') { 1 } else { 2 })
                }
                Some(_) => pos = pos.saturating_add(1),
                None if at_end => return self.fail("a quote is not closed", self.pos),
                None => return Ok(Step::More),
            }
        }
        self.push(entry, start, pos, true);
        self.pos = pos.saturating_add(1);
        Ok(Step::Go)
    }
}

/// Find the next entry of `buffer`, which starts at the beginning of line `line`; `at_end`: nothing comes behind it.
///
/// `line` is moved on by the lines that are done with.
pub(crate) fn lex(buffer: &[u8], at_end: bool, line: &mut u32, entry: &mut Entry) -> Result<Lexed, LexError> {
    entry.tokens.clear();
    entry.leading_blank = false;
    let mut lexer = Lexer { buffer, pos: 0, line: *line, line_start: 0, depth: 0, opened: (0, 0) };
    while let Some(octet) = buffer.get(lexer.pos) {
        match lexer.step(*octet, entry, at_end)? {
            Step::Go => {}
            Step::Done => {
                *line = lexer.line;
                return Ok(Lexed::Entry(lexer.pos));
            }
            Step::More => return Ok(lexer.more(entry, line)),
        }
    }
    if !at_end {
        return Ok(lexer.more(entry, line));
    }
    if lexer.depth > 0 {
        let (line, column) = lexer.opened;
        return Err(LexError { what: "a parenthesis is not closed", line, column });
    }
    *line = lexer.line;
    Ok(if entry.tokens.is_empty() { Lexed::End } else { Lexed::Entry(lexer.pos) })
}
