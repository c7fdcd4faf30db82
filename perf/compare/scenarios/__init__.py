"""One module per question of the comparison; each has a `run(bench) -> Findings` and can be run alone by name."""
