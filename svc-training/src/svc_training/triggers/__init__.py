"""Rules that say, of each judged version, whether a pipeline trains on it; and what they said."""
