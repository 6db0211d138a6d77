//! Type bitmaps of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2).

use crate::error::WireError;
use crate::reader::Reader;

/// Check the whole rest of the reader as a type bitmap; it may be empty (RFC 5155 §7.1, an empty non-terminal).
pub(crate) fn check(reader: &mut Reader<'_>) -> Result<(), WireError> {
    let mut last: Option<u8> = None;
    while !reader.is_at_end() {
        let at = reader.pos();
        let window = reader.u8()?;
        // RFC 4034 §4.1.2: window blocks come in increasing numerical order.
        if last.is_some_and(|last| window <= last) {
            return Err(WireError::new("type bitmap windows out of order", at));
        }
        last = Some(window);
        let at = reader.pos();
        let block = reader.counted()?;
        // RFC 4034 §4.1.2: from 1 to 32 octets, and a block without types is not there at all.
        if block.is_empty() || block.len() > 32 {
            return Err(WireError::new("type bitmap block length not 1 to 32", at));
        }
        // RFC 4034 §4.1.2: trailing zero octets are left out.
        if block.last() == Some(&0) {
            return Err(WireError::new("type bitmap block ends in a zero octet", at));
        }
    }
    Ok(())
}

/// Does a checked bitmap hold the type?
pub(crate) fn has_type(bitmap: &[u8], rdtype: u16) -> bool {
    let [window, low] = rdtype.to_be_bytes();
    let block = blocks(bitmap).find(|(number, _)| *number == window);
    let octet = block.and_then(|(_, octets)| octets.get(usize::from(low >> 3)).copied());
    octet.is_some_and(|octet| octet & (0x80 >> (low & 7)) != 0)
}

/// The types of a checked bitmap, in increasing order.
pub(crate) fn types(bitmap: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    for_each(bitmap, |rdtype| found.push(rdtype));
    found
}

/// Hand over the types of a checked bitmap in increasing order.
pub(crate) fn for_each(bitmap: &[u8], mut sink: impl FnMut(u16)) {
    for (window, octets) in blocks(bitmap) {
        for (octet, index) in octets.iter().zip(0u8..32) {
            for bit in 0u8..8 {
                if octet & (0x80 >> bit) != 0 {
                    sink(u16::from_be_bytes([window, index << 3 | bit]));
                }
            }
        }
    }
}

/// Append the bitmap of these types, which come in increasing order (RFC 4034 §4.1.2).
pub(crate) fn push(types: &[u16], out: &mut Vec<u8>) {
    for block in types.chunk_by(|a, b| a >> 8 == b >> 8) {
        let mut octets = [0u8; 32];
        let mut used = 0u8;
        let mut window = 0u8;
        for rdtype in block {
            let [high, low] = rdtype.to_be_bytes();
            window = high;
            if let Some(octet) = octets.get_mut(usize::from(low >> 3)) {
                *octet |= 0x80 >> (low & 7);
            }
            used = (low >> 3).saturating_add(1);
        }
        out.extend_from_slice(&[window, used]);
        out.extend_from_slice(octets.get(..usize::from(used)).unwrap_or(&[]));
    }
}

fn blocks(bitmap: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut reader = Reader::new(bitmap);
    std::iter::from_fn(move || Some((reader.u8().ok()?, reader.counted().ok()?)))
}
