"""The learned steps of a recipe as one scikit-learn transformer, fitted inside each training fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import columns_of, operation, value
from automl_core.experiment import Task
from automl_core.schema import Kind, Schema

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

View = Literal["encoded", "native", "scaled"]
MISSING = "(missing)"
"""The word that stands for a missing one."""
NATIVE_LEVELS = 250
"""Most categories a booster gets as such; the rest are one."""

Chain = list[tuple[str, Any]]


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


def build_preprocessor(
    recipe: Recipe, schema: Schema, frame: pd.DataFrame, *, view: View = "encoded", task: Task, seed: int = 0
) -> ColumnTransformer:
    """Build the unfitted transformer for one view of the data.

    Parameters
    ----------
    recipe : Recipe
        Its enabled learned steps are chained for each column in their order.
    schema : Schema
        After the stateless steps, without the target.
    frame : DataFrame, shape (n_rows, n_columns)
        The features, to count the distinct words of each column; nothing is fitted here.
    view : View
        ``encoded``: all numbers, filled and scaled as the recipe says. ``native``: words as codes and missing values
        left as such, for boosters that use them directly. ``scaled``: like ``encoded``, and whatever the recipe leaves open
        is done as well: missing numbers are filled, words encoded, numbers put on one scale; for models that compare or
        weigh columns.
    task : Task
    seed : int

    Returns
    -------
    ColumnTransformer
        Gives a float64 array; `source_columns` tells where its columns come from.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    dropped = left_out(recipe, schema)
    chains: dict[str, Chain] = {}
    steps = [step for step in recipe.enabled() if operation(step).learned]
    reach = [set(columns_of(step, schema)) for step in steps]
    numeric: dict[tuple[bool, ...], Chain] = {}
    for column in schema:
        if column.name not in dropped and column.name in frame.columns:
            touched = tuple(step.op == "scale" or column.name in names for step, names in zip(steps, reach, strict=True))
            mine = [step for step, yes in zip(steps, touched, strict=True) if yes]
            chain = numeric.get(touched) if column.kind == "number" else None
            if chain is None:
                chain = _chain(mine, column.kind, frame[column.name], view, task, seed)
            if column.kind == "number":
                numeric[touched] = chain  # numbers that the same steps touch are prepared alike, and a wide table has many
            chains[column.name] = chain
    said: dict[int, str] = {}
    groups: dict[str, tuple[Chain, list[str]]] = {}
    for name, chain in chains.items():
        if id(chain) not in said:
            said[id(chain)] = repr([(label, repr(part)) for label, part in chain])
        key = said[id(chain)]
        if schema[name].kind == "text":
            key += name  # a text is described by itself
        groups.setdefault(key, (chain, []))[1].append(name)
    parts = []
    for number, (chain, names) in enumerate(groups.values()):
        transformer = Pipeline(chain) if chain else "passthrough"
        parts.append((f"group{number}", transformer, names[0] if schema[names[0]].kind == "text" else names))
    return ColumnTransformer(parts, remainder="drop", sparse_threshold=0.0, verbose_feature_names_out=False)


def _chain(mine: list[Step], kind: Kind, values: pd.Series, view: View, task: Task, seed: int) -> Chain:
    if view == "native":
        mine = [step for step in mine if step.op in ("clip_outliers", "text_features", "group_rare")]
    chain: Chain = []
    words = kind in ("category", "boolean")
    encoded = not words
    for position, step in enumerate(mine):
        if step.op == "clip_outliers":
            from automl_core.cleaning.transformers import ClipOutliers

            chain.append((f"clip{position}", ClipOutliers(value(step, "method"), float(value(step, "factor")))))
        elif step.op == "impute" and kind != "text":
            chain.append((f"impute{position}", imputer(step, words and not encoded, seed)))
        elif step.op == "group_rare" and not encoded:
            from automl_core.cleaning.transformers import GroupRare

            chain.append((f"rare{position}", GroupRare(float(value(step, "min_share")))))
        elif step.op == "text_features":
            from automl_core.cleaning.transformers import TextFeatures

            chain.append((f"text{position}", TextFeatures(int(value(step, "dimensions")), seed=seed)))
        elif step.op == "encode":
            part, onehot = encoder(step, values, task, seed)
            chain.append((f"encode{position}", part))
            encoded = True
            if onehot:
                break
        elif step.op == "transform_power":
            chain.append((f"power{position}", power(step, seed)))
        elif step.op == "scale" and encoded:
            chain.append((f"scale{position}", scaler(step)))
    done = bool(chain) and type(chain[-1][1]).__name__ == "OneHotEncoder"
    if view == "scaled" and not done:
        return [*chain, *_rest(chain, words and not encoded, kind, values, task, seed)]
    if words and not encoded:
        chain.append(("codes", _codes(view, values)))
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


def _codes(view: View, values: pd.Series) -> Any:
    from sklearn.preprocessing import OrdinalEncoder

    if view == "native":
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=float("nan"),
            encoded_missing_value=float("nan"),
            max_categories=NATIVE_LEVELS if values.nunique() > NATIVE_LEVELS else None,  # counting is slow
        )
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)


def imputer(step: Step, words: bool, seed: int) -> Any:
    """Return the unfitted imputer of an ``impute`` step, for words or for numbers."""
    from sklearn.impute import KNNImputer, SimpleImputer

    strategy, indicator = value(step, "strategy"), bool(value(step, "indicator"))
    common = {"keep_empty_features": True}
    if words:
        if strategy == "most_frequent":
            return SimpleImputer(strategy="most_frequent", **common)
        fill = [str(word) for word in value(step, "fill")]
        chosen = fill[0] if strategy == "constant" and fill else MISSING
        return SimpleImputer(strategy="constant", fill_value=chosen, **common)
    if strategy == "knn":
        return KNNImputer(add_indicator=indicator, **common)
    if strategy == "iterative":
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (makes the next import possible)
        from sklearn.impute import IterativeImputer

        return IterativeImputer(random_state=seed, add_indicator=indicator, **common)
    if strategy == "constant":
        numbers = pd.to_numeric(pd.Series(list(value(step, "fill")), dtype=object), errors="coerce").dropna()
        fill_value = float(numbers.iloc[0]) if len(numbers) else 0.0
        return SimpleImputer(strategy="constant", fill_value=fill_value, add_indicator=indicator, **common)
    method = "median" if strategy == "auto" else strategy
    return SimpleImputer(strategy=method, add_indicator=indicator, **common)


def encoder(step: Step, values: pd.Series, task: Task, seed: int) -> tuple[Any, bool]:
    """Return the unfitted encoder of an ``encode`` step for one column, and whether it gives a column a value."""
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

    from automl_core.cleaning.transformers import FrequencyEncoder, level_name

    method, limit = value(step, "method"), int(value(step, "max_levels"))
    many = values.nunique() > limit
    if method == "auto":
        method = "target" if many else "onehot"
    if method == "onehot":
        onehot = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            drop="if_binary",
            max_categories=limit + 1 if many else None,  # counting is slow, so only where the limit binds
            sparse_output=False,
            feature_name_combiner=level_name,
        )
        return onehot, True
    if method == "target":
        kind = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}[task]
        return TargetEncoder(target_type=kind, random_state=seed), False
    if method == "frequency":
        return FrequencyEncoder(), False
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), False


def power(step: Step, seed: int) -> Any:
    """Return the unfitted transformer of a ``transform_power`` step."""
    from sklearn.preprocessing import PowerTransformer, QuantileTransformer

    if value(step, "method") == "quantile":
        return QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=seed)
    return PowerTransformer()


def scaler(step: Step) -> Any:
    """Return the unfitted scaler of a ``scale`` step."""
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

    return {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler, "maxabs": MaxAbsScaler}[
        value(step, "method")
    ]()


def fit_parts(preprocessor: ColumnTransformer, frame: pd.DataFrame, y: Any) -> list[Any]:
    """Fit a preprocessor; return its output by groups of columns, not yet side by side.

    Putting them side by side makes a second copy of everything, and a large table is better written in blocks of rows.

    Returns
    -------
    list of ndarray, shape (n_rows, n_group_columns)
        `np.hstack` of them is what ``fit_transform`` gives.
    """
    import numpy as np

    preprocessor._hstack = lambda parts, **_: parts  # scikit-learn's last step; the class's own comes back below
    try:
        parts = preprocessor.fit_transform(frame, y)
    finally:
        del preprocessor._hstack
    return [np.asarray(part) for part in (parts if isinstance(parts, list) else [parts])]


def pack_names(preprocessor: ColumnTransformer) -> None:
    """Keep a fitted preprocessor's names and positions as plain arrays, which skops writes at once and not one by one.

    With 20,000 columns storing and reading one view took 7 s, and its description 37 MB.
    """
    import numpy as np

    def packed(columns: Any) -> Any:
        return np.array(columns) if isinstance(columns, list) and columns else columns

    preprocessor.transformers = [(name, part, packed(columns)) for name, part, columns in preprocessor.transformers]
    preprocessor.transformers_ = [(name, part, packed(columns)) for name, part, columns in preprocessor.transformers_]
    preprocessor._columns = [packed(columns) for columns in preprocessor._columns]
    places = preprocessor._transformer_to_input_indices
    preprocessor._transformer_to_input_indices = {name: packed(indices) for name, indices in places.items()}
    steps = [step for _, part, _ in preprocessor.transformers_ for _, step in getattr(part, "steps", [])]
    # A text goes by its bare name, and scikit-learn looks that up here: a NumPy string would not do.
    bare = any(isinstance(columns, str) for _, _, columns in preprocessor.transformers_)
    for owner in steps if bare else [preprocessor, *steps]:
        if hasattr(owner, "feature_names_in_"):
            owner.feature_names_in_ = owner.feature_names_in_.astype(str)


def source_columns(preprocessor: ColumnTransformer) -> list[str]:
    """Return for each column of a fitted preprocessor's output the user's column that it comes from."""
    sources: list[str] = []
    for names, outputs, _ in _groups(preprocessor):
        if len(outputs) == len(names):
            sources += names
        else:
            sources += [_source(output, names) for output in outputs]
    return sources


def feature_names(preprocessor: ColumnTransformer) -> list[str]:
    """Return readable names of a fitted preprocessor's output."""
    return [output for _, outputs, _ in _groups(preprocessor) for output in outputs]


def native_categories(preprocessor: ColumnTransformer) -> list[int]:
    """Return the positions of the category columns in a fitted native view."""
    positions: list[int] = []
    offset = 0
    for _, outputs, codes in _groups(preprocessor):
        positions += range(offset, offset + len(outputs)) if codes else ()
        offset += len(outputs)
    return positions


def _groups(preprocessor: ColumnTransformer) -> list[tuple[list[str], list[str], bool]]:
    """Return for each group its columns, its output names, and whether its outputs are codes of words."""
    groups = []
    for _, transformer, columns in preprocessor.transformers_:
        names = [columns] if isinstance(columns, str) else [str(name) for name in columns]
        if isinstance(transformer, str) and transformer == "drop":
            continue
        if not hasattr(transformer, "steps"):  # passed through
            groups.append((names, names, False))
        else:
            groups.append((names, output_names(transformer, names), transformer.steps[-1][0] == "codes"))
    return groups


def output_names(transformer: Any, names: list[str]) -> list[str]:
    """Return the output names of one group's pipeline, whose parts do not all know names."""
    import numpy as np

    current = np.array(names, dtype=object)
    for _, part in transformer.steps:
        if type(part).__name__ == "TextFeatures":
            current = np.array([f"{names[0]} {name}" for name in part.get_feature_names_out()], dtype=object)
        elif type(part).__name__ == "KNNImputer":
            # scikit-learn 1.4 leaves the names of empty columns out although it keeps the columns.
            marks = part.indicator_.get_feature_names_out(current) if part.add_indicator else []
            current = np.array([*current, *marks], dtype=object)
        elif hasattr(part, "feature_names_in_"):
            current = part.get_feature_names_out()
        else:
            current = part.get_feature_names_out(current)
    return [str(name) for name in current]


def _source(output: str, names: list[str]) -> str:
    """Return the longest name that the output's name is made from."""
    bare = output.removeprefix("missingindicator_")
    fitting = [name for name in names if bare == name or bare.startswith((f"{name} = ", f"{name}_", f"{name} "))]
    return max(fitting, key=len) if fitting else names[0]
