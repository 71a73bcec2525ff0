"""What svc-quality adds to `fleet`."""
