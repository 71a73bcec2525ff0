"""Browser sessions: a key opens one, a cookie carries it."""
