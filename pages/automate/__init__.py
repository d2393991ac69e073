"""The page Automate, and what it alone uses."""
