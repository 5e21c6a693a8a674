"""Ways to fold over a source. An engine knows no statistics."""
