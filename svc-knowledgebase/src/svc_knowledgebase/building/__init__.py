"""A folder of documents in, records and a manifest out. Knows neither HTTP nor SQL."""
