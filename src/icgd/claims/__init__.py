"""The registry of claims and how one is decided. Light: no JAX, NumPy, pandas or SciPy in here."""
