"""Whether the gateway lives, whether it can do its work, and what it counts."""
