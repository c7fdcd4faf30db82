"""One screen for each question an operator has; what they show is worked out below, in state and render."""
