"""The learned steps of a recipe as one scikit-learn transformer, fitted inside each training fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.cleaning.names import feature_names, native_categories, output_names, pack_names, source_columns
from automl_core.cleaning.parts import Chain, bins, codes, encoder, imputer, outliers, power, scaler
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import columns_of, operation, value
from automl_core.cleaning.variants import View, base_view, recipe_for
from automl_core.experiment import Task
from automl_core.schema import Kind, Schema

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

    from automl_core.cleaning.preparation import Preparation

__all__ = [
    "View",
    "build_preprocessor",
    "feature_names",
    "fit_parts",
    "left_out",
    "native_categories",
    "output_names",
    "pack_names",
    "source_columns",
]


def left_out(recipe: Recipe, schema: Schema) -> dict[str, str]:
    """Return the columns that no model gets although no step drops them, with the reason.

    Parameters
    ----------
    recipe : Recipe
    schema : Schema
        After the stateless steps.
    """
    texts = {name for step in recipe.enabled() if step.op == "text_features" for name in columns_of(step, schema)}
    reasons = {}
    for column in schema:
        if column.kind == "id":
            reasons[column.name] = "a key says nothing about new rows"
        elif column.kind == "date":
            reasons[column.name] = "a date needs the step 'Split dates into parts'"
        elif column.kind == "text" and column.name not in texts:
            reasons[column.name] = "text needs the step 'Turn text into numbers'"
    return reasons


JOINT = ("isolate_outliers", "polynomial", "ratios", "low_variance", "collinear", "pca", "select")
"""Steps that look at several columns at once. From the first of them on, numbers are prepared together."""
NATIVE = (
    "clip_outliers", "text_features", "group_rare", "drop_sparse", "isolate_outliers", "polynomial", "ratios", "low_variance",
    "collinear",
)  # fmt: skip
"""Steps that boosters get, too; the others only say anew what they find out for themselves."""
Numbered = tuple[int, Step]


def is_joint(step: Step) -> bool:
    """Return whether a step looks at several columns at once, or leaves training rows out."""
    return step.op in JOINT or (step.op == "clip_outliers" and value(step, "action") == "drop")


def build_preprocessor(
    recipe: Recipe, schema: Schema, frame: pd.DataFrame, *, view: str = "encoded", task: Task, seed: int = 0
) -> ColumnTransformer | Preparation:
    """Build the unfitted transformer for one view of the data.

    Parameters
    ----------
    recipe : Recipe
        Its enabled learned steps are chained for each column in their order.
    schema : Schema
        After the stateless steps, without the target.
    frame : DataFrame, shape (n_rows, n_columns)
        The features, to count the distinct words of each column; nothing is fitted here.
    view : str
        A `View`, or one with cleaning choices made anew (`variants.variant`).
        ``encoded``: all numbers, filled and scaled as the recipe says. ``native``: words as codes and missing values
        left as such, for boosters that use them directly. ``scaled``: like ``encoded``, and whatever the recipe leaves open
        is done as well: missing numbers are filled, words encoded, numbers put on one scale; for models that compare or
        weigh columns.
    task : Task
    seed : int

    Returns
    -------
    ColumnTransformer or Preparation
        Gives a float64 array; `source_columns` tells where its columns come from. A `Preparation` where steps look at
        several columns at once.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    recipe, view = recipe_for(recipe, view, schema), base_view(view)
    dropped = left_out(recipe, schema)
    chains: dict[str, Chain] = {}
    steps = [(number, step) for number, step in enumerate(s for s in recipe.enabled() if operation(s).learned)]
    if view == "native":
        steps = [(number, step) for number, step in steps if step.op in NATIVE]
    reach = {number: set(columns_of(step, schema)) for number, step in steps}
    joint = next((number for number, step in steps if is_joint(step)), None)
    later = [] if joint is None else [(number, step) for number, step in steps if number >= joint]
    scaled_later = any(step.op == "scale" for _, step in later)
    numeric: dict[tuple[int, ...], Chain] = {}
    for column in schema:
        if column.name not in dropped and column.name in frame.columns:
            mine = [(number, step) for number, step in steps if step.op == "scale" or column.name in reach[number]]
            mine = [(number, step) for number, step in mine if not is_joint(step)]
            if column.kind == "number":
                mine = [(number, step) for number, step in mine if joint is None or number < joint]
            elif scaled_later and joint is not None:
                mine = [(number, step) for number, step in mine if step.op != "scale"]
            touched = tuple(number for number, _ in mine)
            chain = numeric.get(touched) if column.kind == "number" else None
            if chain is None:
                # What is open of numbers that are prepared together is done after the last step, in its units till then.
                own: View = "encoded" if view == "scaled" and joint is not None and column.kind == "number" else view
                chain = _chain(mine, column.kind, frame[column.name], own, task, seed)
            if column.kind == "number":
                numeric[touched] = chain  # numbers that the same steps touch are prepared alike, and a wide table has many
            chains[column.name] = chain
    said: dict[int, str] = {}
    groups: dict[str, tuple[Chain, list[str]]] = {}
    for name, chain in chains.items():
        if id(chain) not in said:
            said[id(chain)] = repr([(label, *_described(part)) for label, part in chain])
        key = said[id(chain)]
        if schema[name].kind == "text":
            key += name  # a text is described by itself
        groups.setdefault(key, (chain, []))[1].append(name)
    parts = []
    for place, (chain, names) in enumerate(groups.values()):
        transformer = Pipeline(chain) if chain else "passthrough"
        parts.append((f"group{place}", transformer, names[0] if schema[names[0]].kind == "text" else names))
    made = ColumnTransformer(parts, remainder="drop", sparse_threshold=0.0, verbose_feature_names_out=False)
    if not later:
        return made
    from automl_core.cleaning.preparation import Preparation

    numbers = set(schema.of_kind("number"))
    after: list[tuple[str, Any, list[str] | None]] = []
    for number, step in later:
        names = sorted(numbers if step.op == "scale" else numbers & reach[number])
        after += _after(number, step, names, view, task, seed)
    if view == "scaled":
        from sklearn.impute import SimpleImputer
        from sklearn.preprocessing import StandardScaler

        everything = sorted(numbers)
        after += [("fill", SimpleImputer(strategy="median", keep_empty_features=True), everything)]
        scales = [number for number, step in steps if step.op == "scale"]
        makes = [number for number, step in later if step.op in ("polynomial", "ratios", "pca")]
        if not scales or max(makes, default=-1) > max(scales):
            after += [("scale", StandardScaler(), everything)]
    return Preparation(made, after)


def _after(number: int, step: Step, names: list[str], view: View, task: Task, seed: int) -> list[Any]:
    """Return what a step does to numbers that are prepared together: labels, transformers, and the columns they reach."""
    from automl_core.cleaning import choosing, shaping

    if step.op == "isolate_outliers":
        label = "drop" if value(step, "action") == "drop" else "odd"
        return [(f"{label}{number}", shaping.OddRows(float(value(step, "share")), seed), names)]
    if step.op == "clip_outliers":
        label = "drop" if value(step, "action") == "drop" else "clip"
        return [(f"{label}{number}", outliers(step), names)]
    if step.op == "polynomial":
        return [(f"products{number}", shaping.Products(int(value(step, "degree")), value(step, "products_only")), names)]
    if step.op == "ratios":
        return [(f"ratios{number}", shaping.Ratios(fill=view != "native"), names)]
    if step.op == "low_variance":
        return [(f"variance{number}", choosing.LowVariance(float(value(step, "threshold"))), None)]
    if step.op == "collinear":
        return [(f"collinear{number}", choosing.Collinear(float(value(step, "threshold"))), None)]
    if step.op == "select":
        chosen = choosing.KeepBest(int(value(step, "count")), value(step, "method"), task == "regression", seed)
        return [(f"select{number}", chosen, None)]
    if step.op == "pca":
        return [(f"pca{number}", shaping.Components(float(value(step, "share")), value(step, "standardise"), seed), names)]
    if step.op == "impute":
        return [(f"impute{number}", imputer(step, False, seed), names)]
    if step.op == "transform_power":
        return [(f"power{number}", power(step, seed), names)]
    if step.op == "scale":
        return [(f"scale{number}", scaler(step), names)]
    if step.op == "bin":
        return [(label, part, names) for label, part in bins(number, step, seed)]
    if step.op == "drop_sparse":
        return [(f"sparse{number}", shaping.LeaveSparseOut(float(value(step, "max_share"))), names)]
    return []  # steps about words


def _chain(mine: list[Numbered], kind: Kind, values: pd.Series, view: View, task: Task, seed: int) -> Chain:
    chain: Chain = []
    words = kind in ("category", "boolean")
    encoded = not words
    for number, step in mine:
        if step.op == "clip_outliers":
            chain.append((f"clip{number}", outliers(step)))
        elif step.op == "drop_sparse" and kind != "text" and not (words and encoded):
            from automl_core.cleaning.shaping import LeaveSparseOut

            chain.append((f"sparse{number}", LeaveSparseOut(float(value(step, "max_share")))))
        elif step.op == "impute" and kind != "text":
            chain.append((f"impute{number}", imputer(step, words and not encoded, seed)))
        elif step.op == "group_rare" and not encoded:
            from automl_core.cleaning.transformers import GroupRare

            chain.append((f"rare{number}", GroupRare(float(value(step, "min_share")))))
        elif step.op == "text_features":
            from automl_core.cleaning.transformers import TextFeatures

            chain.append((f"text{number}", TextFeatures(int(value(step, "dimensions")), seed=seed)))
        elif step.op == "encode":
            part, onehot = encoder(step, values, task, seed)
            chain.append((f"encode{number}", part))
            encoded = True
            if onehot:
                break
        elif step.op == "transform_power":
            chain.append((f"power{number}", power(step, seed)))
        elif step.op == "bin":
            chain += bins(number, step, seed)
            if value(step, "encode") == "onehot":
                break
        elif step.op == "scale" and encoded:
            chain.append((f"scale{number}", scaler(step)))
    done = bool(chain) and type(chain[-1][1]).__name__ in ("OneHotEncoder", "HashedWords")
    done = done or (bool(chain) and getattr(chain[-1][1], "encode", "") == "onehot-dense")
    if view == "scaled" and not done:
        return [*chain, *_rest(chain, words and not encoded, kind, values, task, seed)]
    if words and not encoded:
        chain.append(("codes", codes(view == "native", values)))
    return chain


def _rest(chain: Chain, words: bool, kind: str, values: pd.Series, task: Task, seed: int) -> Chain:
    """Return what a column's chain lacks to be finite numbers of one scale.

    Numbers are filled with their median and marked, words encoded as that step does by default, and all numbers brought to
    mean 0 and standard deviation 1.
    """
    from sklearn.preprocessing import StandardScaler

    rest: Chain = []
    done = {label.rstrip("0123456789") for label, _ in chain}
    if words:
        part, onehot = encoder(Step("encode", {}), values, task, seed)
        rest.append(("encode", part))
        if onehot:
            return rest
    elif kind == "number" and "impute" not in done:
        rest.append(("impute", imputer(Step("impute", {"indicator": True}), False, seed)))
    if "scale" not in done:
        rest.append(("scale", StandardScaler()))
    return rest


def _described(part: Any) -> tuple[str, Any]:
    """Return a transformer's class and settings: its `repr` takes a millisecond and leaves out the middle of long ones."""
    return type(part).__qualname__, part.get_params(deep=False) if hasattr(part, "get_params") else part


def fit_parts(preprocessor: ColumnTransformer | Preparation, frame: pd.DataFrame, y: Any) -> list[Any]:
    """Fit a preprocessor; return its output by groups of columns, not yet side by side.

    Putting them side by side makes a second copy of everything, and a large table is better written in blocks of rows.

    Returns
    -------
    list of ndarray, shape (n_rows, n_group_columns)
        `np.hstack` of them is what ``fit_transform`` gives.
    """
    import numpy as np

    if not hasattr(preprocessor, "_hstack"):
        return [np.asarray(preprocessor.fit_transform(frame, y))]
    preprocessor._hstack = lambda parts, **_: parts  # scikit-learn's last step; the class's own comes back below
    try:
        parts = preprocessor.fit_transform(frame, y)
    finally:
        del preprocessor._hstack
    return [np.asarray(part) for part in (parts if isinstance(parts, list) else [parts])]
