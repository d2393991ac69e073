"""The page Explore, and what it alone uses."""
