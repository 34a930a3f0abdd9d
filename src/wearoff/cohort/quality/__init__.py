"""Quality: what in the records deserves a second look, by named rules; nothing is ever changed."""
