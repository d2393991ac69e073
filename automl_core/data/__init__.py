"""Table in: reading, kinds, datasets, samples, combining."""
