"""Categories: what records, columns and datasets are about, of subjects that somebody named."""
