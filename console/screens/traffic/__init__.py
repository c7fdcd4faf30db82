"""Screens about single requests: as they end, as they run, one of them, those of a trace, and what would become of one."""
