"""Clusters: records that are like one another, their names, and what changes between builds."""
