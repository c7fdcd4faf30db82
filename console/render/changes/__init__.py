"""What changed and what a change would do, in words and rows: shared by screens and commands."""
