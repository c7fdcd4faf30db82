"""The forms of the file, one module for each kind of object, and the kinds of values they are made of."""
