"""The rate gate: its arithmetic, and the gate itself on both databases, between threads and processes."""
