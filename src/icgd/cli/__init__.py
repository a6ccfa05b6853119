"""Commands: parse, call, write. Each module has `arguments(parser)` and `run(parsed)`."""
