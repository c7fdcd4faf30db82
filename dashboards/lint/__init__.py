"""What can be said against a dashboard without running it: see `rules.faults_of`."""
