"""H2O AutoML, as its documentation says; one local server on loopback."""

import time

import h2o
import pandas as pd
from common import arguments, hand_back
from h2o.automl import H2OAutoML

if __name__ == "__main__":
    a = arguments()
    h2o.init(nthreads=a.cores, max_mem_size="8G", ip="127.0.0.1", bind_to_localhost=True)
    learn, judge = h2o.import_file(str(a.learn)), h2o.import_file(str(a.judge))
    if a.task != "regression":
        learn[a.target] = learn[a.target].asfactor()
    metric = {"roc_auc": "AUC", "log_loss": "logloss", "rmse": "RMSE"}[a.metric]
    start = time.time()
    # "info" only prints the log of events, which tells when the first model was scored.
    automl = H2OAutoML(max_runtime_secs=int(a.budget), seed=1, sort_metric=metric, verbosity="info")
    automl.train(y=a.target, training_frame=learn)
    spent = time.time() - start
    frame = automl.leader.predict(judge).as_data_frame()
    many = h2o.H2OFrame(pd.concat([pd.read_csv(a.judge)] * (1 + 1000 // len(frame)))[:1000])
    if a.task == "regression":
        values, classes = frame["predict"], None
    else:
        domain = learn[a.target].levels()[0]
        probabilities = frame.drop(columns="predict")
        values, classes = probabilities, domain
    hand_back(a.out, "h2o", spent, values, classes, lambda: automl.leader.predict(many).as_data_frame())
    h2o.cluster().shutdown()
