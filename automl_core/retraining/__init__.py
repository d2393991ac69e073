"""Policies: when a new version is made, on what, how, and what becomes of it; every decision with its reason."""
