"""How the gateway itself is: its processes, its memory, its source of configuration, and the states of its endpoints."""
