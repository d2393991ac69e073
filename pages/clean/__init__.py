"""The page Clean, and what it alone uses."""
