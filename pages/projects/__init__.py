"""The page Projects, and what it alone uses."""
