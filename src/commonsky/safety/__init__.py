"""Close approaches, how probable a collision is, and what is warned of."""
