"""What one service promises another: models, events, names, error codes. No framework is imported here."""
