"""Calls about what changed: incidents, revisions, and going back to one."""
