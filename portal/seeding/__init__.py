"""The demo world: who is in it, what happened to them, and how it comes into the database."""
