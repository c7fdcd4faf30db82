"""Which route takes a request, why, and what becomes of its path and fields. Opens no sockets and parses no HTTP."""
