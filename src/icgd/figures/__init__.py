"""Figures as data: panels of queries over tidy tables, drawn by one grammar."""
