"""A plain folder of pipelines with a small one in it that needs nothing but Python."""

from pathlib import Path

DVC_YAML = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, data/table, data/frozen]
    outs: [data/sizes.json]
  train:
    cmd: python train.py
    deps: [train.py, data/sizes.json]
    params: [train]
    outs: [models/model.json]
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, models/model.json]
    metrics: [metrics.json]
"""

PREPARE = """\
import json, pathlib
sizes = {n: sum(p.stat().st_size for p in pathlib.Path('data', n).iterdir())
         for n in ('table', 'frozen')}
pathlib.Path('data/sizes.json').write_text(json.dumps(sizes))
print('prepared')
"""

TRAIN = """\
import json, pathlib
sizes = json.loads(pathlib.Path('data/sizes.json').read_text())
pathlib.Path('models').mkdir(exist_ok=True)
pathlib.Path('models/model.json').write_text(json.dumps(sizes))
print('trained')
"""

EVALUATE = """\
import json, pathlib
pathlib.Path('metrics.json').write_text(json.dumps({'loss': 0.5, 'by': {'slice': 1}}))
"""


def write_repository(folder: Path, *, name: str = "small", **files: str) -> Path:
    """A plain folder of pipelines; `files` replace those of the pipeline, dots as `_`."""
    pipeline = folder / name
    pipeline.mkdir(parents=True, exist_ok=True)
    (folder / ".dvc").mkdir(exist_ok=True)
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    content = {
        "dvc_yaml": DVC_YAML,
        "params_yaml": "train:\n  rate: 1\n",
        "requirements_txt": "# the standard library alone\n",
        "prepare_py": PREPARE,
        "train_py": TRAIN,
        "evaluate_py": EVALUATE,
    } | files
    for key, text in content.items():
        stem, _, suffix = key.rpartition("_")
        (pipeline / f"{stem}.{suffix}").write_text(text)
    return pipeline
