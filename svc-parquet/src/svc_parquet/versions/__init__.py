"""Versions that grow: appends, compactions, differences."""
