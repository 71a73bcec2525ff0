"""Read-only SQL over one table, and its rows page by page."""
