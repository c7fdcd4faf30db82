"""The life of one request, a file per step; lifecycle is the table of contents."""

# shape: a file per step of a request, so that a newcomer finds each by its name
