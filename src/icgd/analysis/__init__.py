"""Measures of a trained network against its references."""
