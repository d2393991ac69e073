"""The page What-if, and what it alone uses."""
