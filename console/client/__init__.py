"""Where a gateway's admin API is, and how it is asked."""
