"""Fit a linear model. For Lasso change these two lines: only training and evaluation run again."""

from pathlib import Path

import numpy as np
import skops.io
import yaml
from sklearn.linear_model import LinearRegression

if __name__ == "__main__":
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    features = np.load("data/features.npz")
    print(f"training on {len(features['train'])} rows", flush=True)
    model = LinearRegression(**params).fit(features["train"], features["train_label"])
    Path("models").mkdir(exist_ok=True)
    skops.io.dump(model, "models/model.skops")
