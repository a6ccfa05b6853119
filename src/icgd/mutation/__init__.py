"""Mutation audit: faults planted in copies of the source, and what notices them."""
