"""Live traffic in the supervisor: the ring of recent exchanges, those who follow, what is in flight, what matched nothing."""
