"""From a path, a frame or another object to rows of text with a header."""
