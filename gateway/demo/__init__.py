"""`sightline demo`: three sample services, a gateway in front of them, gentle traffic, and proof that the counts agree."""
