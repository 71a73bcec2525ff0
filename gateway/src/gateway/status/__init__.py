"""How the fleet behind this gateway stands."""
