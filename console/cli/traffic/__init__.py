"""Twins of the screens about single requests."""
