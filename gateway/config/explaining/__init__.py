"""What a configuration does with a request that is not sent, or with one that was: which route, why, and what it applies."""
