"""Access lines read back, and the other forms they are written in; used in the supervisor, and only where configured."""
