"""The history of the gateway's database, for SQLite and PostgreSQL alike."""
