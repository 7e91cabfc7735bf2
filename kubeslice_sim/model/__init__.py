"""The nouns: frozen, hashable, one file a kind; no I/O, no clock, nothing of ours imported."""
