"""The page Settings, and what it alone uses."""
