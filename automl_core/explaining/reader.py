"""Which kind of readable model a loaded model is, and its text."""

from __future__ import annotations

from automl_core.errors import InputError
from automl_core.explaining.additive import read_additive
from automl_core.explaining.linear import coefficients_of, read_linear
from automl_core.explaining.readable import MOST_LEAVES, Readable
from automl_core.explaining.rules import read_trees
from automl_core.scoring.bundle import Model


def readable(model: Model) -> Readable:
    """Write a model out.

    Parameters
    ----------
    model : Model
        Loaded; of one candidate.

    Returns
    -------
    Readable

    Raises
    ------
    InputError
        When it combines candidates, or is of a kind that cannot be read as a whole.
    """
    candidates = {member.candidate for fold in model.ensemble.folds for member in fold.members}
    estimators = [member.estimator for fold in model.ensemble.folds for member in fold.members]
    if len(candidates) == 1:
        if all(hasattr(one, "term_features_") for one in estimators):
            return read_additive(model)
        if all(hasattr(one, "tree_") and one.tree_.n_leaves <= MOST_LEAVES for one in estimators):
            return read_trees(model)
        if all(coefficients_of(one) is not None for one in estimators):
            return read_linear(model)
    raise InputError(
        f"The model {model.name!r} cannot be read as a whole.",
        f"It must be one linear model, tree of at most {MOST_LEAVES} leaves, or explainable boosting machine.",
        "Choose such a model, or look at which columns matter.",
    )
