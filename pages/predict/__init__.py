"""The page Predict, and what it alone uses."""
