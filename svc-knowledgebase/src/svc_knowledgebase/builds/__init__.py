"""Builds: one version of a dataset, read once, by one durable job."""
