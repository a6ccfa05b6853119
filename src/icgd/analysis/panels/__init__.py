"""The published panels held against each other and against what their stated recipe gives."""
