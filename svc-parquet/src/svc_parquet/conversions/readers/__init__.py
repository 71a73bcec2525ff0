"""Readers of single formats: bytes in, tables of text or typed columns out."""
