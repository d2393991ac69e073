"""The part of a script that divides rows as the search did."""

from __future__ import annotations

import base64
import textwrap
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from automl_core.experiment import ExperimentConfig
from automl_core.script.writing import Code, literal
from automl_core.search.division import Division

Ints = npt.NDArray[np.int64]


def divide_code(division: Division, folds: Sequence[int], y: npt.NDArray[np.float64], config: ExperimentConfig) -> Code:
    """Return the function that gives the learned and the judged rows of each fold that has a model.

    Where scikit-learn's own functions give the same rows, they are called; otherwise the numbers of the folds are written down,
    which are no data of anyone's.
    """
    stratified = _recomputed(division, y, config)
    code = Code(imports={"import numpy as np"})
    code.add("def divide(y):")
    if stratified is None:
        return _written(code, division, folds)
    code.add('    """Return for each fold which rows are learned from and which are judged; some rows are kept aside before."""')
    kind = "KFold" if config.task == "regression" else "StratifiedKFold"
    code.imports.add(f"from sklearn.model_selection import {kind}")
    code.add("    left = np.arange(len(y))")
    if config.holdout:
        code.imports.add("from sklearn.model_selection import train_test_split")
        more = ", stratify=y" if stratified else ""
        code.add(f"    _, aside = train_test_split(left, test_size={literal(config.holdout)}, random_state=SEED{more})")
        code.add("    left = np.setdiff1d(left, aside)")
    code.add("    folds = []", f"    for repeat in range({division.repeats}):")
    code.add(f"        split = {kind}({division.each}, shuffle=True, random_state=SEED + repeat).split(left, y[left])")
    code.add("        folds += [(left[learned], left[judged]) for learned, judged in split]")
    if list(folds) != list(range(division.folds)):
        code.add(f"    return [folds[number] for number in {list(folds)}]")
    else:
        code.add("    return folds")
    return code


def _recomputed(division: Division, y: npt.NDArray[np.float64], config: ExperimentConfig) -> bool | None:
    """Return whether the rows kept aside are stratified, None where scikit-learn alone does not give this division."""
    from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

    if config.split.kind != "random" or division.forward:
        return None
    labels = None if config.task == "regression" else y.astype(int)
    positions = np.arange(len(y))
    for stratified in (True, False) if labels is not None and config.holdout else (False,):
        try:
            aside = np.array([], dtype=np.int64)
            if config.holdout:
                given = labels if stratified else None
                _, aside = train_test_split(positions, test_size=config.holdout, random_state=config.seed, stratify=given)
            left = np.setdiff1d(positions, aside)
            if not np.array_equal(left, division.train):
                continue
            for repeat in range(division.repeats):
                seed = config.seed + repeat
                if labels is None:
                    splits = KFold(division.each, shuffle=True, random_state=seed).split(left)
                else:
                    splits = StratifiedKFold(division.each, shuffle=True, random_state=seed).split(left, labels[left])
                numbers = np.zeros(len(left), dtype=np.int64)
                for number, (_, judged) in enumerate(splits):
                    numbers[judged] = number + repeat * division.each
                expected = division.fold if not repeat else np.asarray(division.again)[repeat - 1]
                if not np.array_equal(numbers, expected):
                    return None
        except ValueError:
            continue
        return stratified
    return None


def _written(code: Code, division: Division, folds: Sequence[int]) -> Code:
    """Write the part of every row in every fold down: 1 for learned from, 2 for judged, 3 for both, 0 for none."""
    parts = np.zeros((len(folds), len(division.rows)), dtype=np.uint8)
    for place, fold in enumerate(folds):
        if fold >= division.folds:  # one more model that learned every row
            parts[place, division.train] = 1
            parts[place, division.train[division.fold == division.fold.max()]] = 3
            continue
        parts[place, division.train[division.learned(fold)]] = 1
        parts[place, division.train[division.judged(fold)]] = 2
    text = base64.b64encode(zlib.compress(parts.tobytes(), 9)).decode()
    code.imports |= {"import base64", "import zlib"}
    code.add('    """Return for each fold which rows are learned from and which are judged, as they were divided then."""')
    code.add(f"    shape = ({len(folds)}, {len(division.rows)})")
    code.add(
        "    if len(y) != shape[1]:", '        raise SystemExit(f"The rows were divided when there were {shape[1]:,} of them.")'
    )
    code.add("    parts = np.frombuffer(zlib.decompress(base64.b64decode(FOLDS)), dtype=np.uint8).reshape(shape)")
    code.add("    return [(np.flatnonzero(part & 1), np.flatnonzero(part & 2)) for part in parts]")
    code.add("", "", "# The part of every row in every fold: 1 for learned from, 2 for judged, 3 for both, 0 for none.")
    code.add('FOLDS = """', *textwrap.wrap(text, 120), '"""')
    return code
