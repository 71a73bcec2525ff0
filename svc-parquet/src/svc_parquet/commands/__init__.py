"""Commands of `fleet` that work without a server."""
