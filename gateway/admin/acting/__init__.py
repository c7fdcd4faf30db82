"""Calls that do something to single endpoints, routes and upstreams of a running gateway."""
