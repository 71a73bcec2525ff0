"""Files to typed, lossless Parquet."""
