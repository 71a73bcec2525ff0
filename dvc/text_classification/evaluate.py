"""Classify the held-out texts: metrics for people, a loss for each row for comparing two models."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import skops.io
from scipy.sparse import load_npz
from sklearn.metrics import accuracy_score, f1_score

LEAST = 1e-6

if __name__ == "__main__":
    test = pl.read_parquet("data/test.parquet")
    truth = test["label"].cast(pl.String).to_numpy()
    model = skops.io.load("models/model.skops")
    shares = model.predict_proba(load_npz("data/features/test.npz"))
    predicted = model.classes_[shares.argmax(axis=1)]
    # A class that was never learned has no column: its texts cost the most there is.
    given = np.where(model.classes_[None, :] == truth[:, None], shares, 0).sum(axis=1)
    loss = -np.log(np.clip(given, LEAST, 1))
    metrics = {
        "accuracy": accuracy_score(truth, predicted),
        "f1_macro": f1_score(truth, predicted, average="macro"),
        "log_loss": float(loss.mean()),
    }
    Path("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    result = pl.DataFrame(
        {"row": test["row"], "truth": truth, "predicted": predicted, "loss": loss}
    )
    result.write_parquet("predictions.parquet")
    result.select("truth", "predicted").write_csv("confusion.csv")
    print(", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))
