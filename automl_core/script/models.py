"""The part of a script that fits: a function for each kind of model, called for every fold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl_core.errors import InputError
from automl_core.script.writing import Code, assigned, keywords, literal
from automl_core.search.candidates import Spec, arguments_of
from automl_core.search.matrices import is_single
from automl_core.search.relearn import ROUNDS, rounds_of


@dataclass(frozen=True)
class Fitted:
    """What is known of one candidate's fitted fold models.

    Parameters
    ----------
    spec : Spec
    rounds : dict of int to int
        Place of a fold, and its number of rounds or epochs, where the clock ended the fit or it was given.
    """

    spec: Spec
    rounds: dict[int, int]


def function_name(spec: Spec) -> str:
    """Return the name of the function that fits a candidate; no piece's name begins so."""
    return "learn_" + re.sub(r"\W+", "_", spec.id).strip("_").lower()


def fit_code(fitted: Fitted, *, seed: int, n_classes: int, narrow: bool) -> Code:
    """Return the function that fits one candidate on one fold.

    Parameters
    ----------
    fitted : Fitted
    seed : int
    n_classes : int
        0 for regression.
    narrow : bool
        Whether the prepared rows were kept in single precision.

    Raises
    ------
    InputError
        When the candidate cannot be written.
    """
    spec = fitted.spec
    code = Code()
    params = arguments_of(spec, seed=seed, threads=1)
    package = spec.class_path.partition(".")[0]
    name = _class(spec, code)
    own = spec.early_stopping and package in ROUNDS
    known = ROUNDS.get(package, "")
    if own and fitted.rounds:
        code.add("# Rounds that are given for a fold: the clock had ended its fit. In the order of the folds.")
        code.add(f"{_table(spec)} = {literal(fitted.rounds)}", "", "")
    code.add(f"def {function_name(spec)}(X, y, V, truth, categories, fold):", f'    """{spec.name}."""')
    if narrow:
        more = "" if is_single(spec.class_path) and not spec.resampling else '.astype("float64")'
        code.add(f'    X = X.astype("float32"){more}')
        if spec.early_stopping:
            code.add(f'    V = V.astype("float32"){more}')
    items = keywords(params, seed)
    if own and fitted.rounds:
        whole = params.get(known, 1000)
        items = [item for item in items if not item.startswith(f"{known}=")]
        items.append(f"{known}={_table(spec)}.get(fold, {whole})")
    code.add(*assigned("    model = " + name, items, "()"))
    weights = _resampled(spec, code)
    _fit(spec, code, fitted, package, weights, n_classes)
    return code


def _table(spec: Spec) -> str:
    return re.sub(r"\W+", "_", spec.id).strip("_").upper() + "_ROUNDS"


def _class(spec: Spec, code: Code) -> str:
    module, _, name = spec.class_path.rpartition(".")
    if name == "ScaledSVR":
        code.use("scaled_svr")
    elif module.startswith("automl_core"):
        raise InputError(f"The model {spec.name!r} is one of our own making and cannot be written as plain code.")
    else:
        parts = [part for part in module.split(".") if not part.startswith("_")]
        shown = ".".join(parts[:2]) if parts[0] in ("sklearn", "interpret") else parts[0]
        code.imports.add(f"from {shown} import {name}")
    return name


def _resampled(spec: Spec, code: Code) -> str:
    """Write what is done to the learned rows; return the name of their weights, empty for none."""
    if not spec.resampling:
        return ""
    if spec.resampling == "weights":
        code.use("even_weights")
        code.add("    weights = even_weights(y)")
        return "weights"
    if spec.resampling == "jitter":
        code.use("noisy_copies")
        code.add("    X, y = noisy_copies(X, y, categories)")
        return ""
    if spec.resampling == "smotenc":
        code.use("mixed_rows")
        code.add("    X, y = mixed_rows(X, y, categories)")
        return ""
    if spec.resampling == "under":
        code.imports.add("from imblearn.under_sampling import RandomUnderSampler")
        code.add("    X, y = RandomUnderSampler(random_state=SEED).fit_resample(X, y)")
        return ""
    code.imports.add("import numpy as np")
    code.add("    neighbours = min(5, np.unique(y, return_counts=True)[1].min() - 1)")
    if spec.resampling == "borderline":
        code.imports.add("from imblearn.over_sampling import BorderlineSMOTE")
        code.add("    near = min(10, len(X) - 1)")
        made = "BorderlineSMOTE(k_neighbors=neighbours, m_neighbors=near, random_state=SEED)"
        code.add(f"    X, y = {made}.fit_resample(X, y)")
    elif spec.view == "native":
        code.imports.add("from imblearn.over_sampling import SMOTE, SMOTENC")
        code.add(
            "    more = SMOTENC(categories, k_neighbors=neighbours, random_state=SEED) if categories else SMOTE(",
            "        k_neighbors=neighbours, random_state=SEED",
            "    )",
        )
        code.add("    X, y = more.fit_resample(X, y)")
    else:
        code.imports.add("from imblearn.over_sampling import SMOTE")
        code.add("    X, y = SMOTE(k_neighbors=neighbours, random_state=SEED).fit_resample(X, y)")
    return ""


def _fit(spec: Spec, code: Code, fitted: Fitted, package: str, weights: str, n_classes: int) -> None:
    weighed = f", sample_weight={weights}" if weights else ""
    given = f", weights={weights}" if weights else ""
    if not spec.early_stopping:
        code.add(f"    return model.fit(X, y{weighed})")
    elif spec.family == "neural":
        code.use("fit_network")
        epochs = f", {_epochs(fitted)}" if fitted.rounds else ""
        code.add(f"    return fit_network(model, X, y, V, truth{epochs})")
    elif package == "interpret":
        code.use("fit_ebm")
        code.add(f"    return fit_ebm(model, X, y, categories{given})")
    elif package in ROUNDS:
        code.use(f"fit_{package}")
        if n_classes:
            code.use("known_labels")
            code.add("    V, truth = known_labels(y, V, truth)")
        if package == "lightgbm" and fitted.rounds:
            given += f", stop=fold not in {_table(spec)}"
        code.add(f"    return fit_{package}(model, X, y, V, truth, categories{given})")
    else:
        raise InputError(f"The model {spec.name!r} is stopped early in a way that is not written as plain code.")


def _epochs(fitted: Fitted) -> str:
    return f"{literal(fitted.rounds)}.get(fold, 300)"


def members_code(weights: Mapping[str, float], specs: Mapping[str, Spec]) -> list[str]:
    """Return the list of models with their views and weights."""
    lines = ["MODELS = ["]
    for name, weight in weights.items():
        spec = specs[name]
        lines.append(f'    ("{spec.view}", {weight!r}, {function_name(spec)}),')
    return [*lines, "]"]


def rounds_of_fit(spec: Spec, estimator: Any) -> int:
    """Return how many rounds or epochs a fit that the clock ended has; raises InputError where it does not say."""
    package = spec.class_path.partition(".")[0]
    if spec.family == "neural":
        return len(estimator.loss_curve_)  # `n_iter_` is 1 where epochs are learned one by one
    if package == "lightgbm":
        return int(estimator.best_iteration_ or estimator.n_estimators)
    if package == "xgboost":
        # The clock's last round is not judged, so it never becomes the best one: no more than that is repeated.
        return rounds_of(estimator) or int(estimator.get_booster().num_boosted_rounds())
    if package == "catboost":
        return int(estimator.tree_count_)
    raise InputError(
        f"The clock ended the fit of {spec.name!r}, so that it cannot be repeated exactly.",
        action="Give the run more time, or choose another model.",
    )
