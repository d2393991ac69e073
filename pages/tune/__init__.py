"""The page Tune, and what it alone uses."""
