"""The operator's window into a running gateway: what its admin API tells, in a terminal."""
