"""Ensembles by hand: bag, boost, blend and stack rows of a leaderboard, and set their probabilities right."""
