"""PyCaret: compare models within the budget, finalise the best."""

import importlib
import logging
import os
import sys
import time

import numpy as np
import pandas as pd
from common import arguments, hand_back
from scipy.special import expit, softmax

os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)

if __name__ == "__main__":
    a = arguments()
    kind = "regression" if a.task == "regression" else "classification"
    pycaret = importlib.import_module(f"pycaret.{kind}")
    learn, judge = pd.read_csv(a.learn), pd.read_csv(a.judge)
    # PyCaret's own log tells when the first model was scored.
    log = logging.getLogger("bench")
    log.addHandler(logging.StreamHandler(sys.stdout))
    log.setLevel(logging.INFO)
    log.propagate = False
    start = time.time()
    pycaret.setup(learn, target=a.target, session_id=1, n_jobs=a.cores, html=False, verbose=False, system_log=log)
    # PyCaret knows no log loss; the area under the ROC curve judges probabilities as well.
    sort = {"roc_auc": "AUC", "rmse": "RMSE", "log_loss": "AUC"}[a.metric]
    left = (a.budget - (time.time() - start)) / 60
    best = pycaret.compare_models(sort=sort, budget_time=left, verbose=False)
    final = pycaret.finalize_model(best)
    spent = time.time() - start
    rows = judge.drop(columns=a.target)
    many = pd.concat([rows] * (1 + 1000 // len(rows)), ignore_index=True)[:1000]
    if a.task == "regression":
        values, classes = pycaret.predict_model(final, data=rows, verbose=False)["prediction_label"], None
    else:
        frame = pycaret.predict_model(final, data=rows, raw_score=True, verbose=False)
        columns = [name for name in frame.columns if name.startswith("prediction_score_")]
        values, classes = frame[columns], [name.removeprefix("prediction_score_") for name in columns]
        if not columns:
            # A model without probabilities, such as the ridge classifier: its distances rank as well, in scikit-learn's order.
            distance = final.decision_function(rows)
            classes = [str(label) for label in sorted(learn[a.target].unique())]
            values = np.column_stack([expit(-distance), expit(distance)]) if len(classes) == 2 else softmax(distance, axis=1)
    hand_back(
        a.out,
        "pycaret",
        spent,
        values,
        classes,
        lambda: pycaret.predict_model(final, data=many, verbose=False),
        model=type(best).__name__,
    )
