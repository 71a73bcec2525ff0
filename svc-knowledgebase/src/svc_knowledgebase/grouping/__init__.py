"""Clusters and categories of a build together: made by its job, read by the API."""
