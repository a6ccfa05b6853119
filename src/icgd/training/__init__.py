"""One training run: a pure function of its settings and its seed, in chunks that can be resumed."""
