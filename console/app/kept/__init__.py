"""What an operator keeps between two starts: files of views, aliases, keys and lines that were given."""
