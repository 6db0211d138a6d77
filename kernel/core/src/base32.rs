//! base32hex without padding (RFC 4648 §7), as NSEC3 owner names use it (RFC 5155 §1.3).

const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Lower case, no padding.
pub fn encode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len().saturating_mul(8).div_ceil(5));
    let (mut bits, mut held) = (0u32, 0u32);
    for octet in data {
        bits = (bits << 8 | u32::from(*octet)) & 0xFFF;
        held = held.saturating_add(8);
        while held >= 5 {
            held = held.saturating_sub(5);
            out.push(digit(bits >> held));
        }
    }
    if held > 0 {
        out.push(digit(bits << 5u32.saturating_sub(held)));
    }
    out
}

fn digit(bits: u32) -> char {
    let index = usize::try_from(bits & 31).unwrap_or(0);
    char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
}

/// Either case. None: a character of no digit, an impossible length, or left-over bits that are not zero.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if matches!(text.len() & 7, 1 | 3 | 6) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for character in text {
        let value = match character {
            b'0'..=b'9' => character.wrapping_sub(b'0'),
            b'a'..=b'v' => character.wrapping_sub(b'a').wrapping_add(10),
            b'A'..=b'V' => character.wrapping_sub(b'A').wrapping_add(10),
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xFFF;
        held = held.saturating_add(5);
        if held >= 8 {
            held = held.saturating_sub(8);
            out.push(u8::try_from(bits >> held & 0xFF).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0).then_some(out)
}
