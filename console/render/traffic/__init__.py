"""Single requests as people read them: as they end, as they run, one by one, by trace, by what they have in common."""
