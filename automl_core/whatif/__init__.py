"""One row and what would change it: what the model says, why, what rows are like it, and which change would flip it."""
