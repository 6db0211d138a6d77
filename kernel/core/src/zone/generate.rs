//! `$GENERATE`, as BIND defines it: a range, and a record in which `$` stands for each of its numbers.

/// So many records are made at most, by all directives of a zone together: a hostile line must not fill the memory.
pub(crate) const MAX_GENERATED: u64 = 1 << 24;
/// A number is padded to so many digits at most: no label or field takes more.
const MAX_WIDTH: usize = 255;

#[derive(Clone, Copy)]
enum Base {
    Decimal,
    Octal,
    Hex,
    UpperHex,
    /// Nibbles from the least significant one, dots between them, as `ip6.arpa` has them.
    Nibbles,
    UpperNibbles,
}

enum Part {
    Octet(u8),
    Number { offset: i64, width: usize, base: Base },
}

/// A parsed `$GENERATE`.
pub(crate) struct Pattern {
    start: u64,
    stop: u64,
    step: u64,
    parts: Vec<Part>,
}

type Result<T> = std::result::Result<T, &'static str>;

fn number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.len() <= 10 && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit.wrapping_sub(b'0'))))
}

impl Pattern {
    /// `range`: `start-stop` or `start-stop/step`; `text`: the record.
    pub(crate) fn parse(range: &[u8], text: &[u8]) -> Result<Pattern> {
        const BAD: &str = "a range is START-STOP or START-STOP/STEP";
        let mut halves = range.splitn(2, |octet| *octet == b'/');
        let (bounds, step) = (halves.next().unwrap_or(&[]), halves.next());
        let mut bounds = bounds.splitn(2, |octet| *octet == b'-').map(number);
        let (Some(Some(start)), Some(Some(stop))) = (bounds.next(), bounds.next()) else { return Err(BAD) };
        let step = step.map_or(Some(1), number).filter(|step| *step > 0).ok_or(BAD)?;
        if stop < start || stop > 0x7FFF_FFFF {
            return Err("the range of $GENERATE goes from a smaller number to a larger one below 2147483648");
        }
        Ok(Pattern { start, stop, step, parts: parts(text)? })
    }

    /// How many records it makes.
    pub(crate) fn count(&self) -> u64 {
        (self.stop - self.start) / self.step + 1
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = u64> {
        let (start, stop, step) = (self.start, self.stop, self.step);
        (0..=(stop - start) / step).map(move |count| start + count * step)
    }

    /// The text of one record.
    pub(crate) fn fill(&self, value: u64, out: &mut Vec<u8>) -> Result<()> {
        for part in &self.parts {
            match part {
                Part::Octet(octet) => out.push(*octet),
                Part::Number { offset, width, base } => {
                    let shifted = i64::try_from(value).unwrap_or(i64::MAX).saturating_add(*offset);
                    let shifted = u64::try_from(shifted).map_err(|_| "an offset of $GENERATE leads below zero")?;
                    out.extend_from_slice(digits(shifted, *width, *base).as_bytes());
                }
            }
        }
        Ok(())
    }
}

fn digits(value: u64, width: usize, base: Base) -> String {
    match base {
        Base::Decimal => format!("{value:0width$}"),
        Base::Octal => format!("{value:0width$o}"),
        Base::Hex => format!("{value:0width$x}"),
        Base::UpperHex => format!("{value:0width$X}"),
        Base::Nibbles | Base::UpperNibbles => {
            // The width counts digits and dots.
            let count = width.saturating_add(1) / 2;
            let text = if let Base::Nibbles = base { format!("{value:0count$x}") } else { format!("{value:0count$X}") };
            text.chars().rev().flat_map(|digit| ['.', digit]).skip(1).collect()
        }
    }
}

fn parts(text: &[u8]) -> Result<Vec<Part>> {
    let mut parts = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        match (octet, behind) {
            // `\$` and `$$` stand for a dollar sign.
            (b'\\', [b'$', after @ ..]) | (b'$', [b'$', after @ ..]) => {
                parts.extend([Part::Octet(b'\\'), Part::Octet(b'$')]);
                rest = after;
            }
            (b'\\', [escaped, after @ ..]) => {
                parts.extend([Part::Octet(b'\\'), Part::Octet(*escaped)]);
                rest = after;
            }
            (b'$', [b'{', after @ ..]) => {
                let length = after.iter().position(|octet| *octet == b'}').ok_or("${ without } in $GENERATE")?;
                let (inside, after) = after.split_at(length);
                parts.push(modifier(inside)?);
                rest = after.get(1..).unwrap_or(&[]);
            }
            (b'$', _) => parts.push(Part::Number { offset: 0, width: 0, base: Base::Decimal }),
            _ => parts.push(Part::Octet(*octet)),
        }
    }
    Ok(parts)
}

/// `offset`, `offset,width` or `offset,width,base`.
fn modifier(text: &[u8]) -> Result<Part> {
    const BAD: &str = "a modifier of $GENERATE is ${OFFSET}, ${OFFSET,WIDTH} or ${OFFSET,WIDTH,BASE}";
    let mut fields = text.split(|octet| *octet == b',');
    let offset = fields.next().unwrap_or(&[]);
    let (sign, digits) = match offset {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        _ => (1, offset),
    };
    let offset = sign * i64::try_from(number(digits).ok_or(BAD)?).map_err(|_| BAD)?;
    let width = fields.next().map_or(Some(0), number).and_then(|width| usize::try_from(width).ok());
    let width = width.filter(|width| *width <= MAX_WIDTH).ok_or(BAD)?;
    let base = match (fields.next(), fields.next()) {
        (None | Some(b"d"), None) => Base::Decimal,
        (Some(b"o"), None) => Base::Octal,
        (Some(b"x"), None) => Base::Hex,
        (Some(b"X"), None) => Base::UpperHex,
        (Some(b"n"), None) => Base::Nibbles,
        (Some(b"N"), None) => Base::UpperNibbles,
        _ => return Err(BAD),
    };
    Ok(Part::Number { offset, width, base })
}
