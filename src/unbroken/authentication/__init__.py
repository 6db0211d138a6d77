"""RFC 4035 §5 and RFC 5155 §8 as pure functions: one RRset, one DS RRset, one denial at a time. No chain is known here."""
