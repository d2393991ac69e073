"""Predicting a few rows at once without building frames: what a service answers with.

scikit-learn's pipelines are made for tables; one row through a fitted one takes milliseconds, nearly all of it checks and
frames. Here the fitted parts are looked at once, when the model is loaded, and turned into plain array operations. The
numbers are those of `Model.values_of`: it is checked on the model's own sample rows before the fast way is taken, and a part
that is not known is called as it is.
"""

from automl_core.scoring.fast.predictor import FastPredictor
from automl_core.scoring.fast.rows import TypedRow, typed_row

__all__ = ["FastPredictor", "TypedRow", "typed_row"]
