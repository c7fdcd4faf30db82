"""The supervisor's side of the workers: their processes, their seats, and what is sent to all of them."""
