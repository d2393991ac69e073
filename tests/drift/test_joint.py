"""All columns together: rows of the same kind are told apart by nothing."""

import numpy as np
import pandas as pd

from automl_core.drift.joint import compare_jointly
from automl_core.schema import Column, Schema


def test_words_that_hardly_occur_twice_do_not_tell_old_rows_from_new():
    """Ranks were given by all old rows, so that only new ones held unknown words: a fourth of random halves was to be watched."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("xyz"))
    frame["ticket"] = [f"ticket {number}" for number in rng.integers(0, 800, 400)]
    schema = Schema((*(Column(name, "number") for name in "xyz"), Column("ticket", "category")))
    for seed in range(6):
        places = np.random.default_rng(seed).permutation(400)
        found = compare_jointly(frame.iloc[places[:200]], frame.iloc[places[200:]], schema, seed=seed)
        assert found.error_low <= found.error <= found.error_high, (seed, found)
        assert found.verdict == "nothing"
