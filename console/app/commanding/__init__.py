"""The command bar: its grammar, what it is completed from, and what its lines do."""
