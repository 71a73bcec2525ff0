"""Turn columns into numbers: numbers standardised, everything else one column a category."""

from pathlib import Path

import numpy as np
import polars as pl
import skops.io
import yaml
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CATEGORIES = 50


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as seconds, decimals and booleans as numbers, all else as text."""
    times = [name for name, dtype in frame.schema.items() if dtype.is_temporal()]
    numbers = [n for n, t in frame.schema.items() if t.is_numeric() or t == pl.Boolean]
    words = [name for name in frame.columns if name not in (*times, *numbers)]
    return frame.with_columns(
        pl.col(times).to_physical().cast(pl.Float64),
        pl.col(numbers).cast(pl.Float64),
        pl.col(words).cast(pl.String).fill_null(""),
    )


if __name__ == "__main__":
    label = yaml.safe_load(Path("params.yaml").read_text())["label"]
    train = pl.read_parquet("data/train.parquet")
    test = pl.read_parquet("data/test.parquet")
    features = plain(train.drop("row", label))
    numbers = [name for name, dtype in features.schema.items() if dtype == pl.Float64]
    words = [name for name in features.columns if name not in numbers]
    encoder = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("words", OneHotEncoder(handle_unknown="ignore", max_categories=CATEGORIES), words),
        ],
        sparse_threshold=0,
    )
    given = plain(test.drop("row", label)).select(features.columns)
    np.savez(
        "data/features.npz",
        train=encoder.fit_transform(features),
        test=encoder.transform(given),
        train_label=train[label].cast(pl.Float64).to_numpy(),
        test_label=test[label].cast(pl.Float64).to_numpy(),
    )
    Path("models").mkdir(exist_ok=True)
    skops.io.dump(encoder, "models/encoder.skops")
    print(f"{len(numbers)} columns of numbers, {len(words)} of categories")
