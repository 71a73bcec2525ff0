"""What tables save against the files they came from."""
