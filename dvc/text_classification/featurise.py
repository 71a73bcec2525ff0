"""Turn texts into weighted counts of words and word pairs (TF-IDF)."""

from pathlib import Path

import polars as pl
import skops.io
import yaml
from scipy.sparse import save_npz
from sklearn.feature_extraction.text import TfidfVectorizer

if __name__ == "__main__":
    params = yaml.safe_load(Path("params.yaml").read_text())["featurise"]
    encoder = TfidfVectorizer(
        max_features=params["max_features"],
        ngram_range=(1, params["ngrams"]),
        sublinear_tf=True,
        strip_accents="unicode",
    )
    Path("data/features").mkdir(parents=True, exist_ok=True)
    learned = encoder.fit_transform(pl.read_parquet("data/train.parquet")["text"].to_list())
    given = encoder.transform(pl.read_parquet("data/test.parquet")["text"].to_list())
    save_npz("data/features/train.npz", learned)
    save_npz("data/features/test.npz", given)
    Path("models").mkdir(exist_ok=True)
    skops.io.dump(encoder, "models/encoder.skops")
    print(f"{learned.shape[1]} words and word pairs")
