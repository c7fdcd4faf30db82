"""What differs between two configurations, in the words of their objects rather than of their lines."""
