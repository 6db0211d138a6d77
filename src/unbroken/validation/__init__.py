"""The validator: from the trust anchor to the answer, without I/O (RFC 4035 §5 as corrected by RFC 6840, RFC 5155 §8)."""
