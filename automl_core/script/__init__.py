"""A model as a plain script: pandas, scikit-learn and the booster, nothing of ours; and the proof that it predicts the same."""
