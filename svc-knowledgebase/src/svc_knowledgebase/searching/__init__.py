"""Finding records: BM25 over one file a build, by SQLite."""
