"""Models in use: what they were asked and answered, how they do, and what is told when a limit is crossed."""
