"""What stands around the body of every screen, and what tells of the keys."""
