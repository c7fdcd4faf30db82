"""The command-line twins of the console's screens: the same data, for scripts and for terminals without a screen."""
