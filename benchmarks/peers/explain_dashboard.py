"""What explainerdashboard takes for the tabs of one LightGBM model; runs in its own environment: FOLDER with table.npz."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from explainerdashboard import ClassifierExplainer
from lightgbm import LGBMClassifier

with np.load(Path(sys.argv[1]) / "table.npz") as kept:
    frame, y = pd.DataFrame(kept["X"]).add_prefix("c"), pd.Series(kept["y"])
model = LGBMClassifier(n_estimators=200, num_leaves=31, verbose=-1, n_jobs=1).fit(frame, y)
start = time.perf_counter()
explainer = ClassifierExplainer(model, frame, y)
took = {}
for name in ("get_importances_df", "get_mean_abs_shap_df"):
    getattr(explainer, name)()
    took[name] = round(time.perf_counter() - start, 1)
explainer.pdp_df("c0")
took["pdp_df"] = round(time.perf_counter() - start, 1)
print(json.dumps(took))
