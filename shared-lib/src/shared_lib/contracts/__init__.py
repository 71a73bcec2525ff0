"""What one service promises another: models, events, names, error codes. No framework here."""
