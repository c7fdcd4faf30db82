"""The forms of what an upstream is made of."""
