"""The registry of claims and how one is decided. Light: no JAX, no pandas in here."""
