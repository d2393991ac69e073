"""Making one model of a leaderboard better by search: spaces, methods, studies, and what was gained."""
