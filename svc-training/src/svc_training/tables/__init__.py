"""Published table versions and what the gate said of them, as other services tell."""
