"""Knowledge bases: a name, a dataset, what is read of it and how."""
