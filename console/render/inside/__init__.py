"""The gateway's own processes and its log, as rows and lines."""
