"""The protocols that batches of access lines are written in: one module for each, none of which opens a socket."""
