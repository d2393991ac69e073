"""FLAML, as its documentation says: hand it the frame and a time budget."""

import time

import pandas as pd
from common import arguments, hand_back
from flaml import AutoML

if __name__ == "__main__":
    a = arguments()
    learn, judge = pd.read_csv(a.learn), pd.read_csv(a.judge)
    automl = AutoML()
    start = time.time()
    automl.fit(
        X_train=learn.drop(columns=a.target),
        y_train=learn[a.target],
        task="regression" if a.task == "regression" else "classification",
        metric=a.metric,
        time_budget=a.budget,
        n_jobs=a.cores,
        seed=1,
    )
    spent = time.time() - start
    rows = judge.drop(columns=a.target)
    many = pd.concat([rows] * (1 + 1000 // len(rows)))[:1000]
    call = automl.predict if a.task == "regression" else automl.predict_proba
    classes = None if a.task == "regression" else automl.classes_
    hand_back(a.out, "flaml", spent, call(rows), classes, lambda: call(many))
