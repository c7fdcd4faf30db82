"""HTTP/1.1 as bytes: parsing, framing, hop-by-hop rules, writing. No sockets here."""
