"""What must hold between values: as they are written, through the compiled table, and what is merely worth a warning."""
