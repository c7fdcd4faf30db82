"""Pieces of screens, drawn line by line: only what changed is painted again."""
