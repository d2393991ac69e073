"""One module for each third-party engine; what leaves it is ours or a plain frame."""
