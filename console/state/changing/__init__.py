"""What changed, and what can be changed, as values."""
