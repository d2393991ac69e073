"""What the preset *PyCaret classic* decides: the order of the models, how long each is tuned, what is blended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from automl_core.experiment import Decision, ExperimentConfig
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec, choose, make_estimator

CLASSES_FIRST = ("lr", "lightgbm", "nb", "rf", "et", "knn", "lda", "xgboost", "ridge", "dt", "qda", "svm", "catboost")
VALUES_FIRST = ("lr", "lightgbm", "ridge", "rf", "et", "knn", "xgboost", "br", "dt", "huber", "lasso", "en", "omp", "llar",
                "lar", "par", "catboost")  # fmt: skip
"""Quick and different models first: PyCaret's own order reaches its boosters last, and a short budget never does."""
BEST = 3
"""Models that are tuned."""
MOST_BLENDED = 5
LEAST_TRIES, USUAL_TRIES, MOST_TRIES = 2, 10, 50
"""Random tries of one tuning; `tune_model` itself makes 10."""
AGREEMENT = 1e-6
"""Relative difference up to which PyCaret's score and ours are the same; PyCaret gives ten digits."""


def models(config: ExperimentConfig, ids: Sequence[str] = ()) -> list[Spec]:
    """Return the models of PyCaret's turbo list in the order in which they are tried, or only those of `ids`."""
    order = VALUES_FIRST if config.task == "regression" else CLASSES_FIRST
    place = {name: number for number, name in enumerate(order)}
    specs = sorted(choose(config), key=lambda spec: place.get(spec.id, len(place)))
    return [spec for spec in specs if not ids or spec.id in ids]


def tuned_spec(spec: Spec, library: str, params: dict[str, Any] | None = None) -> Spec:
    """Return the candidate that tuning `spec` gives."""
    with_optuna = library == "optuna"
    return replace(
        spec,
        id=f"{spec.id}-tuned{'-optuna' if with_optuna else ''}",
        name=f"{spec.name}, tuned{' with Optuna' if with_optuna else ''}",
        params=spec.params if params is None else params,
    )


def plan_tries(left: float, once: float) -> Decision[int]:
    """Return how many tries fit into the time that tuning one model may take, 0 for none.

    Parameters
    ----------
    left : float
        Seconds; infinite where the budget is counted in models.
    once : float
        Seconds that `create_model` took: a try is as many fits but one. Other parameters may make it slower, so a third
        of the time is left free.
    """
    if left == float("inf"):
        return Decision(USUAL_TRIES, f"{USUAL_TRIES} tries, PyCaret's own number.")
    tries = int(0.67 * left / max(once, 0.05)) - 1  # what was found best is scored once more
    if tries < LEAST_TRIES:
        return Decision(
            0, f"One try takes about {once:.1f} s; {LEAST_TRIES} and the final scoring do not fit into {max(left, 0):.0f} s."
        )
    return Decision(min(tries, MOST_TRIES), f"{min(tries, MOST_TRIES)} tries fit into {left:.0f} s.")


def choose_blend(
    rows: Sequence[Candidate], specs: dict[str, Spec], took: dict[str, float], left: float, *, classify: bool
) -> Decision[tuple[str, ...]]:
    """Return the ids of the models to blend, best first; none with the reason.

    Parameters
    ----------
    rows : sequence of Candidate
        Scored single models, best first.
    specs : dict of str to Spec
    took : dict of str to float
        Seconds that PyCaret's cross-validation of each took.
    left : float
        Seconds.
    classify : bool
        Then only models with probabilities are averaged.
    """
    chosen: list[str] = []
    kinds: set[str] = set()
    for row in rows:
        kind = row.id.split("-tuned")[0]
        if row.id not in took or kind in kinds or (classify and not _has_probabilities(specs[row.id])):
            continue
        kinds.add(kind)  # of a model and what tuning made of it, only the better one
        chosen.append(row.id)
    chosen = chosen[:MOST_BLENDED]
    if len(chosen) < 2:
        return Decision((), "Blending needs two scored models" + (" that give probabilities." if classify else "."))
    while len(chosen) > 2 and sum(took[name] for name in chosen) > left:
        chosen.pop()
    need = sum(took[name] for name in chosen)
    if need > left:
        return Decision((), f"Blending the best two takes about {need:.0f} s; {max(left, 0):.0f} s were left.")
    return Decision(tuple(chosen), f"The best {len(chosen)} models of different kinds.")


def _has_probabilities(spec: Spec) -> bool:
    return hasattr(make_estimator(spec, seed=0, threads=1), "predict_proba")


def disagreement(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the largest relative difference between fold scores that should be the same, 0 where it is within rounding."""
    gap = max((abs(one - other) / max(abs(one), 1.0) for one, other in zip(ours, theirs, strict=True)), default=0.0)
    return gap if gap > AGREEMENT else 0.0
