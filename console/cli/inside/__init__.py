"""Twins of the screens about the gateway itself."""
