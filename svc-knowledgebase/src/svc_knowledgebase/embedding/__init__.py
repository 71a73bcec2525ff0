"""Records as vectors, once they can be searched by words."""
