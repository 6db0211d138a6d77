//! A cursor over octets that never reads past its end.

use crate::error::WireError;

/// Reads `buf[pos..end]`; offsets in errors count from the start of `buf`.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    buf: &'a [u8],
    pos: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(buf: &'a [u8]) -> Self {
        Self { buf, pos: 0, end: buf.len() }
    }

    /// A cursor over the next `len` octets, which this one skips.
    pub(crate) fn section(&mut self, len: usize) -> Result<Reader<'a>, WireError> {
        let start = self.pos;
        self.take(len)?;
        Ok(Reader { buf: self.buf, pos: start, end: self.pos })
    }

    /// A cursor over the whole input, at the place that a compression pointer refers to.
    pub(crate) fn elsewhere(&self, pos: usize) -> Reader<'a> {
        Reader { buf: self.buf, pos, end: self.buf.len() }
    }

    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    pub(crate) fn remaining(&self) -> usize {
        self.end.saturating_sub(self.pos)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// Go to `pos`, which must lie between here and the end.
    pub(crate) fn advance_to(&mut self, pos: usize) -> Result<(), WireError> {
        if pos < self.pos || pos > self.end {
            return Err(WireError::truncated(self.pos));
        }
        self.pos = pos;
        Ok(())
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        if len > self.remaining() {
            return Err(WireError::truncated(self.pos));
        }
        let start = self.pos;
        let stop = start.saturating_add(len);
        let taken = self.buf.get(start..stop).ok_or(WireError::truncated(start))?;
        self.pos = stop;
        Ok(taken)
    }

    pub(crate) fn rest(&mut self) -> Result<&'a [u8], WireError> {
        self.take(self.remaining())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        match self.take(1)? {
            [a] => Ok(*a),
            _ => Err(WireError::truncated(self.pos)),
        }
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        match self.take(2)? {
            [a, b] => Ok(u16::from_be_bytes([*a, *b])),
            _ => Err(WireError::truncated(self.pos)),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        match self.take(4)? {
            [a, b, c, d] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => Err(WireError::truncated(self.pos)),
        }
    }

    /// A character-string (RFC 1035 §3.3) or any field with a one-octet length: without that length.
    pub(crate) fn counted(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.u8()?;
        self.take(usize::from(len))
    }
}
