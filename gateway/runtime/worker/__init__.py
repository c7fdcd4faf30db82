"""A worker process: it imports what the data path needs and nothing else, and obeys the supervisor."""
