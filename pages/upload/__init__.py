"""The page Upload, and what it alone uses."""
