"""Two-sample tests of columns, with a size beside each p-value."""
