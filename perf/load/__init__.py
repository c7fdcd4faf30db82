"""Load by locust on the demo's gateway: users of several kinds, objectives that decide the exit code, and two accounts."""
