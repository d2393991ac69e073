"""mljar-supervised in its competition mode, as its documentation says."""

import time

import pandas as pd
from common import arguments, hand_back
from supervised.automl import AutoML

if __name__ == "__main__":
    a = arguments()
    learn, judge = pd.read_csv(a.learn), pd.read_csv(a.judge)
    metric = {"roc_auc": "auc", "log_loss": "logloss", "rmse": "rmse"}[a.metric]
    task = {"binary": "binary_classification", "multiclass": "multiclass_classification"}.get(a.task, a.task)
    automl = AutoML(
        mode="Compete",
        ml_task=task,
        eval_metric=metric,
        total_time_limit=int(a.budget),
        n_jobs=a.cores,
        random_state=1,
        results_path=str(a.out / "model"),
    )
    start = time.time()
    automl.fit(learn.drop(columns=a.target), learn[a.target])
    spent = time.time() - start
    rows = judge.drop(columns=a.target)
    many = pd.concat([rows] * (1 + 1000 // len(rows)))[:1000]
    if a.task == "regression":
        hand_back(a.out, "mljar-supervised", spent, automl.predict(rows), None, lambda: automl.predict(many))
    else:
        frame = automl.predict_all(rows)
        columns = [name for name in frame.columns if name.startswith("prediction_")]
        labels = [name.removeprefix("prediction_") for name in columns]
        hand_back(a.out, "mljar-supervised", spent, frame[columns], labels, lambda: automl.predict_all(many))
