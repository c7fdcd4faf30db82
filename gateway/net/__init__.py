"""Sockets, flow control and deadlines. No HTTP here."""
