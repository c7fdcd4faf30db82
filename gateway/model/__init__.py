"""Values every floor shares. Standard library only; nothing here does I/O or knows who reads it."""

# shape: a file for each thing that all floors have a word for
