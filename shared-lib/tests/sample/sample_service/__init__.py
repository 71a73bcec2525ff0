"""A tiny real service that the tests of jobs, events and web run: its jobs do what jobs may do."""
