"""deepchecks beside us: in an environment and a process of its own, for it is AGPL-3.0.

`runner.py` is run by that environment's Python and imports nothing of ours; we import nothing of
it. What goes between are Parquet files in and JSON and HTML out.
"""
