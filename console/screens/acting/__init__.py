"""What is shown while something is being done: the preview that is confirmed, and an object's text being edited."""
