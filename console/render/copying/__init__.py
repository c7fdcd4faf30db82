"""What can be copied of what is selected."""
