"""What is wrong, where, since when and why: worked out of what the model knows, in values; `render.health` has the words."""
