"""The page Compare, and what it alone uses."""
