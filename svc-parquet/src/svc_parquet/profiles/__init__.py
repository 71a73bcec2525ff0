"""Statistics of tables, gathered while they are written."""
