"""The command-line twins of the console's screens: the same data, for scripts and for terminals without a screen."""

# shape: a file for each command, which a newcomer finds by its name
