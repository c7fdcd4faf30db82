"""Rolling windows in the supervisor: rates, failures and percentiles of the recent past, with no other system needed."""
