"""What became of a training or why there was none: as Markdown, as a picture, on a pull request."""
