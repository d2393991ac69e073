"""Versions of models: kept with their hashes, pointed at by aliases, compared, and mirrored in an MLflow registry."""
