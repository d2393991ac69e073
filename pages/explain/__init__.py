"""The page Inspect, and what it alone uses."""
