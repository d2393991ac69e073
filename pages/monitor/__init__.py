"""The page Monitor, and what it alone uses."""
