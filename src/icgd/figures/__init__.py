"""Figures: each module reads tables and draws one; no JAX."""
