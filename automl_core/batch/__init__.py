"""Predictions for a file of any size: rows come in pieces, and go out as CSV, Excel or Parquet in their order."""
