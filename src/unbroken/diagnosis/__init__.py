"""What every server of a zone said, and what is wrong with it: evidence, rules and remedies. No I/O."""
