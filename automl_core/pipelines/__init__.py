"""Pipelines: a whole run as one file that a scheduler can call, again and again."""
