"""What operators do to a running gateway: what it would mean, doing it, and writing it down."""
