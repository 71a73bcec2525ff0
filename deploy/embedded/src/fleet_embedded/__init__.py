"""The whole fleet on one machine: one API process, one supervisor, a child for each job."""
