"""Benchmarks. Each prints a ratio against a peer, or against the crypto library's own limit, measured in the same run."""
