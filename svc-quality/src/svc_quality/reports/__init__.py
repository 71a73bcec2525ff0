"""A report that can be sent to somebody: one HTML file, with its pictures."""
