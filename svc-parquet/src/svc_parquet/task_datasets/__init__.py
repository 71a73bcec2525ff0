"""Task datasets: a table made ready for learning."""
