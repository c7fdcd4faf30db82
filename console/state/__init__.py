"""What a console knows of a gateway, and what follows from it: values and pure functions, no I/O, no Textual."""
