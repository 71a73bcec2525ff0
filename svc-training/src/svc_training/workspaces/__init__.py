"""A private working tree for one training job, and DVC in it. Knows neither HTTP nor SQL."""
