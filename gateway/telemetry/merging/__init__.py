"""How the reports of many workers become one set of series: what is known from the start, what is now, what is no more."""
