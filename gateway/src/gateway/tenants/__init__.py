"""Tenants: whose data is whose."""
