"""AutoGluon tabular, as its quick start says."""

import time

import pandas as pd
from autogluon.tabular import TabularPredictor
from common import arguments, hand_back

if __name__ == "__main__":
    a = arguments()
    learn, judge = pd.read_csv(a.learn), pd.read_csv(a.judge)
    metric = {"rmse": "root_mean_squared_error"}.get(a.metric, a.metric)
    start = time.time()
    predictor = TabularPredictor(label=a.target, problem_type=a.task, eval_metric=metric, path=str(a.out / "model"))
    predictor.fit(learn, time_limit=a.budget, presets=a.preset, num_cpus=a.cores)
    spent = time.time() - start
    rows = judge.drop(columns=a.target)
    many = pd.concat([rows] * (1 + 1000 // len(rows)))[:1000]
    if a.task == "regression":
        hand_back(a.out, "autogluon.tabular", spent, predictor.predict(rows), None, lambda: predictor.predict(many))
    else:
        proba = predictor.predict_proba(rows)
        hand_back(a.out, "autogluon.tabular", spent, proba, proba.columns, lambda: predictor.predict_proba(many))
