"""The request log: every request, off the event loop, in the database and as JSON lines."""
