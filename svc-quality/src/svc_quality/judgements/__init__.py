"""The gate: a suite and a table version in, a verdict with reasons out."""
