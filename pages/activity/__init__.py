"""The page Activity, and what it alone uses."""
