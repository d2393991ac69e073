"""The search: splits, folds, candidates, ensembles."""
