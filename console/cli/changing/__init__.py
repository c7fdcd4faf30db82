"""Commands that change a running gateway, and those that tell what changed."""
