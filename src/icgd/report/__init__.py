"""The audit page: every registered claim with its verdict, numbers, rule and controls."""
