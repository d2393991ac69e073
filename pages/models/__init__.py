"""The page Models, and what it alone uses."""
