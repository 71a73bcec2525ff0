"""Pipelines as their repository has them now."""
