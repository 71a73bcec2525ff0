"""The audit trail: who changed access, and who signed in."""
