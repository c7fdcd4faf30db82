"""The typed, versioned messages between worker, supervisor, admin API and console."""
