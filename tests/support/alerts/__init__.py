"""The shipped alert rules under test: read, checked against the catalogue, mutated, and provoked for real."""
