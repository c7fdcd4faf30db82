"""What a worker gathers between two reports: counts, lines and kept records, and how each exchange is filed."""
