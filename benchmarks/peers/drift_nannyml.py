"""NannyML's CBPE and DLE on the data that comes with it, as its documentation calls them; data go to FOLDER, JSON is printed."""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import nannyml as nml  # noqa: E402 - it warns while it is imported

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
estimates = {}

old, new, truth = nml.load_synthetic_car_loan_dataset()
new = new.merge(truth, left_index=True, right_index=True, suffixes=("", "_of_truth"))
old.to_parquet(folder / "nannyml-car_loan-old.parquet")
new.to_parquet(folder / "nannyml-car_loan-new.parquet")
columns = {"y_pred_proba": "y_pred_proba", "y_pred": "y_pred", "y_true": "repaid"}
metrics = ["roc_auc", "f1", "accuracy"]
estimator = nml.CBPE(**columns, metrics=metrics, chunk_size=5000, problem_type="classification_binary")
estimated = estimator.fit(old).estimate(new).filter(period="analysis").to_df()
calculator = nml.PerformanceCalculator(**columns, metrics=metrics, chunk_size=5000, problem_type="classification_binary")
real = calculator.fit(old).calculate(new).filter(period="analysis").to_df()
estimates["car_loan"] = {
    name: [estimated[(name, "value")].astype(float).tolist(), real[(name, "value")].astype(float).tolist()] for name in metrics
}

old, new, truth = nml.load_synthetic_car_price_dataset()
new = new.merge(truth, left_index=True, right_index=True, suffixes=("", "_of_truth"))
old.to_parquet(folder / "nannyml-car_price-old.parquet")
new.to_parquet(folder / "nannyml-car_price-new.parquet")
features = [name for name in old.columns if name not in ("y_true", "y_pred", "timestamp")]
metrics = ["rmse", "mae"]
estimator = nml.DLE(
    feature_column_names=features, y_pred="y_pred", y_true="y_true", metrics=metrics, chunk_size=6000, tune_hyperparameters=False
)
estimated = estimator.fit(old).estimate(new).filter(period="analysis").to_df()
calculator = nml.PerformanceCalculator(
    y_pred="y_pred", y_true="y_true", metrics=metrics, chunk_size=6000, problem_type="regression"
)
real = calculator.fit(old).calculate(new).filter(period="analysis").to_df()
estimates["car_price"] = {
    name: [estimated[(name, "value")].astype(float).tolist(), real[(name, "value")].astype(float).tolist()] for name in metrics
}
print(json.dumps({"estimates": estimates, "version": nml.__version__}))
