"""The console as a program: navigation, commands, actions, and what ties a source to the screens."""
