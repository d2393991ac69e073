"""The page Drift, and what it alone uses."""
