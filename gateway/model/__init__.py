"""Values every floor shares. Standard library only; nothing here does I/O or knows who reads it."""
