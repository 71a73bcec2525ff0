"""What this service brings to the `fleet` command without a server."""
