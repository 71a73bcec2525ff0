"""Predict the held-out rows: metrics for people, a loss for each row for comparing two models."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

PLOTTED = 500

if __name__ == "__main__":
    features = np.load("data/features.npz")
    model = skops.io.load("models/model.skops")
    truth, predicted = features["test_label"], model.predict(features["test"])
    metrics = {
        "rmse": root_mean_squared_error(truth, predicted),
        "mae": mean_absolute_error(truth, predicted),
        "r2": r2_score(truth, predicted),
    }
    Path("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    result = pl.DataFrame(
        {
            "row": pl.read_parquet("data/test.parquet")["row"],
            "truth": truth,
            "predicted": predicted,
            "loss": (truth - predicted) ** 2,
        }
    )
    result.write_parquet("predictions.parquet")
    shown = result.head(PLOTTED).select("predicted", residual=pl.col("truth") - pl.col("predicted"))
    shown.write_csv("residuals.csv")
    print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
