"""Do texts mean what they meant? Samples of columns, embedded and compared."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from shared_lib.contracts.conversions import Scalar
from shared_lib.contracts.errors import FleetError
from shared_lib.contracts.quality import CheckResult, CheckStatus, ComparedBin, DriftMeasure
from shared_lib.contracts.suites import TextDriftCheck
from shared_lib.embeddings.contract import Vectors
from svc_quality.checks.errors import CheckCannotRunError
from svc_quality.checks.results import crashed, outcome
from svc_quality.checks.table import Table, type_name
from svc_quality.checks.wording import counted
from svc_quality.drift.discrepancy import PERMUTATIONS, Discrepancy, compare_vectors
from svc_quality.drift.two_sample import holm

Embed = Callable[[Sequence[str]], Vectors]

FEWEST = 20
"""Texts on each side; of fewer nothing can be said."""

EXAMPLES = 5
LONGEST_EXAMPLE = 200
CHARACTERS = 4_000
"""Of a text: what it is about is said there, and a column of whole documents stays affordable."""

_BINS = 10
_SEED = 20_260_104


@dataclass(frozen=True)
class _Pair:
    """A column's samples: frames of `row` and `text`, without missing values."""

    column: str
    reference: pl.DataFrame
    current: pl.DataFrame


@dataclass(frozen=True)
class _Compared:
    pair: _Pair
    found: Discrepancy
    reference_nearest: Vectors
    current_nearest: Vectors


def text_results(
    check: TextDriftCheck, table: Table, *, reference: Table | None, embed: Embed | None
) -> list[CheckResult]:
    """One result a column; all texts are embedded at once, each different one once.

    Raises:
        CheckCannotRunError: there is no reference, or nothing makes embeddings here.
    """
    if reference is None:
        raise CheckCannotRunError(
            "text_drift needs a reference version. Give the suite one, or the command "
            "`--reference`."
        )
    if embed is None:
        raise CheckCannotRunError("Nothing makes embeddings here.")
    results: dict[str, CheckResult] = {}
    pairs = []
    for column in dict.fromkeys(check.columns):
        read = _pair(check, column, table, reference)
        if isinstance(read, CheckResult):
            results[column] = read
        else:
            pairs.append(read)
    try:
        compared = _compare(check, pairs, embed=embed)
    except FleetError as error:
        compared = []
        results |= {pair.column: _without_vectors(check, pair.column, error) for pair in pairs}
    adjusted = holm([each.found.p_value for each in compared])
    for each, p_adjusted in zip(compared, adjusted, strict=True):
        results[each.pair.column] = _result(check, each, p_adjusted=p_adjusted)
    return [results[column] for column in dict.fromkeys(check.columns)]


def _pair(
    check: TextDriftCheck, column: str, table: Table, reference: Table
) -> _Pair | CheckResult:
    """The samples of a column, or why there are none."""
    for side, when in ((reference, "in the reference"), (table, "now")):
        if column not in side.schema:
            return _changed(check, column, f"There is no column {column} {when}.")
    was, now = (type_name(side.schema[column]) for side in (reference, table))
    if was != now:
        return _changed(check, column, f"{column} was {was} in the reference and is {now} now.")
    if now != "string":
        return _impossible(check, column, f"{column} is {now}; texts are compared, see `drift`.")
    pair = _Pair(column, _sample(reference, column, check.rows), _sample(table, column, check.rows))
    for frame, when in ((pair.reference, "in the reference"), (pair.current, "now")):
        if frame.height < FEWEST:
            few = f"{column} has {counted(frame.height, 'text')} {when}; {FEWEST} are needed."
            return _impossible(check, column, few)
    return pair


def _changed(check: TextDriftCheck, column: str, why: str) -> CheckResult:
    return outcome(
        check,
        id=_name(column),
        column=column,
        holds=False,
        message=why,
        remedy="Send the column as it was, or make this version the reference.",
    )


def _impossible(check: TextDriftCheck, column: str, why: str) -> CheckResult:
    named = {"id": _name(column), "column": column}
    return crashed(check, CheckCannotRunError(why)).model_copy(update=named)


def _without_vectors(check: TextDriftCheck, column: str, error: FleetError) -> CheckResult:
    """Nothing was compared, so nothing passes."""
    return crashed(check, error).model_copy(
        update={
            "id": _name(column),
            "column": column,
            "remedy": "Let embeddings be made (FLEET_EMBEDDINGS of svc-quality) and judge again, "
            "or take the check out of the suite.",
        }
    )


def _name(column: str) -> str:
    return f"text_drift:{column}"


def _sample(table: Table, column: str, rows: int) -> pl.DataFrame:
    """At most so many pseudo-random rows that have a text; the same ones whenever asked."""
    row = pl.row_index("row")
    return (
        table.frame.select(
            (row + 1).alias("row"),
            row.hash(seed=_SEED).alias("order"),
            pl.col(column).str.head(CHARACTERS).alias("text"),
        )
        .filter(pl.col("text").is_not_null())
        .bottom_k(rows, by="order")
        .sort("row")
        .collect(engine="streaming")
    )


def _compare(check: TextDriftCheck, pairs: list[_Pair], *, embed: Embed) -> list[_Compared]:
    if not pairs:
        return []
    sides = [frame["text"] for pair in pairs for frame in (pair.reference, pair.current)]
    texts = pl.concat(sides).unique(maintain_order=True)
    vectors = embed(texts.to_list())
    if not np.isfinite(vectors).all():
        raise CheckCannotRunError("The model gave vectors that are not finite.")
    place = dict(zip(texts, range(len(texts)), strict=True))

    def rows(frame: pl.DataFrame) -> Vectors:
        return vectors[[place[text] for text in frame["text"]]]

    # As many that a p-value can fall below `alpha` after correction for all columns.
    permutations = max(PERMUTATIONS, math.ceil(2 * len(pairs) / check.alpha))
    compared = []
    for pair in pairs:
        before, now = rows(pair.reference), rows(pair.current)
        found = compare_vectors(
            before.astype(np.float64), now.astype(np.float64), permutations=permutations
        )
        alike = before @ before.T
        np.fill_diagonal(alike, -1)
        compared.append(_Compared(pair, found, alike.max(axis=1), (now @ before.T).max(axis=1)))
    return compared


def _result(check: TextDriftCheck, each: _Compared, *, p_adjusted: float) -> CheckResult:
    measure = _measure(each, p_adjusted=p_adjusted)
    status = _status(check, measure)
    drifted = status is not CheckStatus.PASSED
    return outcome(
        check,
        id=_name(each.pair.column),
        column=each.pair.column,
        holds=True,
        message=f"{each.pair.column}: {_sentence(check, measure, drifted=drifted)}",
        drift=measure,
        examples=_examples(each) if drifted else [],
    ).model_copy(
        update={
            "status": status,
            "remedy": "Read the texts that are least like the reference's. If the world has "
            "changed, make this version the reference; if not, look for what changed in the source "
            "of this column."
            if drifted
            else None,
        }
    )


def _measure(each: _Compared, *, p_adjusted: float) -> DriftMeasure:
    return DriftMeasure(
        test="maximum_mean_discrepancy",
        statistic=each.found.statistic,
        p_value=each.found.p_value,
        p_adjusted=p_adjusted,
        effect=each.found.effect,
        effect_name="spreads of the reference",
        rows=(each.pair.reference.height, each.pair.current.height),
        bins=_bins(each.reference_nearest, each.current_nearest),
    )


def _status(check: TextDriftCheck, measure: DriftMeasure) -> CheckStatus:
    warn, fail = check.floors
    if measure.p_adjusted >= check.alpha or measure.effect < warn:
        return CheckStatus.PASSED
    failed = measure.effect >= fail and check.severity == "fail"
    return CheckStatus.FAILED if failed else CheckStatus.WARNED


def _sentence(check: TextDriftCheck, measure: DriftMeasure, *, drifted: bool) -> str:
    before, now = measure.rows
    numbers = (
        f"{measure.effect:.3g} {measure.effect_name}, p = {measure.p_adjusted:.2g} after "
        f"correction, {before:,} and {counted(now, 'text')}"
    )
    if not drifted:
        return f"texts as in the reference ({numbers})."
    warn, fail = check.floors
    return (
        f"texts differ from the reference ({numbers}); from {warn:g} on it warns, {fail:g} fails."
    )


def _bins(before: Vectors, now: Vectors) -> list[ComparedBin]:
    """How like the nearest other text of the reference texts are, then and now."""
    low = min(float(before.min()), float(now.min()), 1.0)
    if low == 1.0:
        return [ComparedBin(label="the same text", reference=len(before), current=len(now))]
    edges = np.linspace(low, 1.0, _BINS + 1)
    counts = [np.histogram(side.clip(low, 1.0), bins=edges)[0] for side in (before, now)]
    return [
        ComparedBin(
            label=f"similarity {edges[i]:.2f} to {edges[i + 1]:.2f}",
            reference=int(counts[0][i]),
            current=int(counts[1][i]),
        )
        for i in range(_BINS)
    ]


def _examples(each: _Compared) -> list[dict[str, Scalar]]:
    """The texts that are least like any of the reference, each once."""
    furthest = (
        each.pair.current.with_columns(similarity=pl.Series(each.current_nearest))
        .unique("text", keep="first", maintain_order=True)
        .sort("similarity", maintain_order=True)
        .head(EXAMPLES)
    )
    return [
        {"row": row, "similarity": round(similarity, 3), each.pair.column: _shown(text)}
        for row, text, similarity in furthest.select("row", "text", "similarity").rows()
    ]


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 1]}…"
