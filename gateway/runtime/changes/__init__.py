"""What changed in a gateway and what came of it: incidents and revisions, as the admin API asks for them."""
