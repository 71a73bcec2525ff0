"""A pipeline, a table version and params in; metrics, artifacts and what ran out."""
