"""The gate's own engine: a suite and a table in, a report out. No HTTP, no SQL database."""
