"""What `state.health` found, in words, rows and pictures. Screens and commands say the same sentences, from here."""
