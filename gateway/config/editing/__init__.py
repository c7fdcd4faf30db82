"""Single objects in the text of a configuration: cut out as they are written, and put back."""
