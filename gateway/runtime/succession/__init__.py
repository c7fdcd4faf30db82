"""One program after another: how a gateway is replaced by a new version of itself without losing a connection."""
