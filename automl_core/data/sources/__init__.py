"""Files of every kind, recognised by their content, and queries: all become the same table with its account."""
