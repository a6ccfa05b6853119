"""Measuring trained networks: predictors and faults by name, measures, the grid that answers requests."""
