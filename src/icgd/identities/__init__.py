"""Exact statements, checked in float64 on random cases; each with faults that must be noticed."""
