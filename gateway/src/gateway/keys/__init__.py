"""API keys: made, shown once, listed, revoked, recognised."""
