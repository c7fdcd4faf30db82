"""Doing things to the gateway, as the app knows it."""
