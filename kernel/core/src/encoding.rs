//! Numbers, hex, base64 and times as text, appended to octets.

/// Decimal digits.
pub(crate) fn push_number(value: u32, out: &mut Vec<u8>) {
    let mut digits = [0u8; 10];
    let (mut rest, mut used) = (value, 0usize);
    for slot in digits.iter_mut().rev() {
        *slot = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
        used = used.saturating_add(1);
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len().saturating_sub(used)..).unwrap_or(&[]));
}

/// Two digits of a date.
fn push_two(value: u32, out: &mut Vec<u8>) {
    let digit = |value: u32| b'0'.wrapping_add(u8::try_from(value % 10).unwrap_or(0));
    out.extend_from_slice(&[digit(value / 10), digit(value)]);
}

/// Upper-case hexadecimal.
pub(crate) fn push_hex(octets: &[u8], out: &mut Vec<u8>) {
    let digit =
        |nibble: u8| if nibble < 10 { b'0'.wrapping_add(nibble) } else { b'A'.wrapping_add(nibble).wrapping_sub(10) };
    out.extend(octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]));
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding (RFC 4648 §4), in one piece.
pub(crate) fn push_base64(octets: &[u8], out: &mut Vec<u8>) {
    let digit = |bits: u32| ALPHABET[usize::try_from(bits & 63).unwrap_or(0)];
    out.reserve(octets.len().div_ceil(3).saturating_mul(4));
    let mut triples = octets.chunks_exact(3);
    for triple in &mut triples {
        if let [a, b, c] = triple {
            let bits = u32::from(*a) << 16 | u32::from(*b) << 8 | u32::from(*c);
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]);
        }
    }
    match triples.remainder() {
        [a] => {
            let bits = u32::from(*a) << 16;
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from(*a) << 16 | u32::from(*b) << 8;
            out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), b'=']);
        }
        _ => {}
    }
}

/// Hexadecimal that may come in several words.
#[derive(Default)]
pub(crate) struct HexDecoder {
    high: Option<u8>,
}

impl HexDecoder {
    /// Decode a word; None when it holds something else than digits.
    pub(crate) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        for character in text {
            let value = match character {
                b'0'..=b'9' => character.wrapping_sub(b'0'),
                b'a'..=b'f' => character.wrapping_sub(b'a').wrapping_add(10),
                b'A'..=b'F' => character.wrapping_sub(b'A').wrapping_add(10),
                _ => return None,
            };
            match self.high.take() {
                None => self.high = Some(value),
                Some(high) => out.push(high << 4 | value),
            }
        }
        Some(())
    }

    /// Whether half an octet is left.
    pub(crate) fn is_between(&self) -> bool {
        self.high.is_some()
    }
}

const INVALID: u8 = 0xFF;
const PAD: u8 = 0xFE;

const fn decoding_table() -> [u8; 256] {
    let mut table = [INVALID; 256];
    let mut at = 0;
    while at < 64 {
        table[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    table[b'=' as usize] = PAD;
    table
}

const DECODING: [u8; 256] = decoding_table();

/// Base64 with padding (RFC 4648 §4) that may come in several words.
#[derive(Default)]
pub(crate) struct Base64Decoder {
    bits: u32,
    held: u8,
    padding: u8,
}

impl Base64Decoder {
    /// Decode a word; None when it holds something else, or goes on behind the padding.
    pub(crate) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        for character in text {
            let value = DECODING[usize::from(*character)];
            match value {
                INVALID => return None,
                PAD => self.pad(out)?,
                _ if self.padding > 0 => return None,
                _ => {
                    self.bits = self.bits << 6 | u32::from(value);
                    self.held = self.held.wrapping_add(1);
                    if self.held == 4 {
                        let [_, a, b, c] = self.bits.to_be_bytes();
                        out.extend_from_slice(&[a, b, c]);
                        (self.bits, self.held) = (0, 0);
                    }
                }
            }
        }
        Some(())
    }

    fn pad(&mut self, out: &mut Vec<u8>) -> Option<()> {
        self.padding = self.padding.checked_add(1)?;
        match (self.held, self.padding) {
            (2, 1) => Some(()),
            (2, 2) => {
                let [_, a, _, _] = (self.bits << 12).to_be_bytes();
                out.push(a);
                self.held = 0;
                Some(())
            }
            (3, 1) => {
                let [_, a, b, _] = (self.bits << 6).to_be_bytes();
                out.extend_from_slice(&[a, b]);
                self.held = 0;
                Some(())
            }
            _ => None,
        }
    }

    /// Whether nothing is left over.
    pub(crate) fn is_complete(&self) -> bool {
        self.held == 0
    }
}

/// `YYYYMMDDHHmmSS` in UTC (RFC 4034 §3.2).
pub(crate) fn civil_time(time: u32, out: &mut Vec<u8>) {
    let (days, seconds) = (time / 86400, time % 86400);
    let (year, month, day) = civil(days);
    push_two(year / 100, out);
    for part in [year % 100, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60] {
        push_two(part, out);
    }
}

/// Seconds since 1970 modulo 2**32 of a date and time written as one number; None when there is no such moment.
pub(crate) fn time_from_civil(digits: u64) -> Option<u32> {
    let (date, clock) = (digits / 1_000_000, digits % 1_000_000);
    let (year, month, day) = (date / 10000, date / 100 % 100, date % 100);
    let (hour, minute, second) = (clock / 10000, clock / 100 % 100, clock % 100);
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
    // A leap second is written as 60; DNS time does not know it.
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = days.checked_mul(86400)?.checked_add(hour * 3600 + minute * 60 + second)?;
    // RFC 4034 §3.1.5: the fields hold the time modulo 2**32.
    u32::try_from(seconds & 0xFFFF_FFFF).ok()
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01; years are counted from March so that leap days come last.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted = if month > 2 { month.saturating_sub(3) } else { month.saturating_add(9) };
    let day_of_year = (153 * shifted + 2) / 5 + day.saturating_sub(1);
    let day_of_era = (year_of_era * 365 + year_of_era / 4).saturating_sub(year_of_era / 100) + day_of_year;
    (era * 146_097 + day_of_era).saturating_sub(719_468)
}

/// The Gregorian date of a number of days since 1970-01-01.
fn civil(days: u32) -> (u32, u32, u32) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1460 + day_of_era / 146_096;
    let year_of_era = day_of_era.saturating_add(day_of_era / 36524).saturating_sub(leaps) / 365;
    let elapsed = (365 * year_of_era + year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(elapsed);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year.saturating_sub((153 * shifted + 2) / 5) + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    (year, month, day)
}
