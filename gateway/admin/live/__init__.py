"""Calls about live traffic: recent exchanges, those in flight, what matched nothing, and the stream of all of it."""
