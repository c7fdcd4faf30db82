"""What the admin API reads: views of the running gateway with their figures, made once a second for all who look."""
