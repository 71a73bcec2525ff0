"""The registry: versions of models, who is champion, and why."""
