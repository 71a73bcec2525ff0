"""Suites: written by people, or inferred from a table that is good."""
