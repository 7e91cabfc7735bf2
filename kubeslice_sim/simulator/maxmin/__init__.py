"""Max-min fair sharing, kept fair from change to change: a compiled engine over arrays."""
