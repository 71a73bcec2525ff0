"""The commands of `fleet` that talk to a fleet. Each is imported when it is called."""
