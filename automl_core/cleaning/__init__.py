"""The recipe: what is done about a table, stateless or learned in the folds."""
