"""Whether new data still looks like what a model learned from, and whether that matters."""
