"""Which route takes a request, what it rewrites, and why the others did not take it."""
