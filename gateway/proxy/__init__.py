"""The life of one request, a file per step; lifecycle is the table of contents."""
