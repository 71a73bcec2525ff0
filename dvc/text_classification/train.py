"""Fit a linear classifier on the weighted counts."""

from pathlib import Path

import polars as pl
import skops.io
import yaml
from scipy.sparse import load_npz
from sklearn.linear_model import LogisticRegression

if __name__ == "__main__":
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    labels = pl.read_parquet("data/train.parquet")["label"].cast(pl.String).to_list()
    features = load_npz("data/features/train.npz")
    print(f"training on {len(labels)} texts of {len(set(labels))} classes", flush=True)
    model = LogisticRegression(C=params["c"], max_iter=params["max_iter"], class_weight="balanced")
    model.fit(features, labels)
    Path("models").mkdir(exist_ok=True)
    skops.io.dump(model, "models/model.skops")
