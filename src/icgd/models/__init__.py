"""The networks, in their readable form."""
