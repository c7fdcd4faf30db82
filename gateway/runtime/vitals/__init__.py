"""How the gateway itself is: its processes, its memory, its source of configuration, the states of its endpoints, its log."""
