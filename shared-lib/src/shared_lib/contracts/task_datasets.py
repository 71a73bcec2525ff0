"""Task datasets: a table made ready for learning, with `text`, `label` and `split` first."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared_lib.contracts.base import Contract, UtcTime
from shared_lib.contracts.catalog import DatasetName, SourceTable
from shared_lib.contracts.errors import Problem
from shared_lib.contracts.jobs import JobState

NearDuplicateMode = Literal["together", "report", "ignore"]
SplitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

DEFAULT_SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}


class TaskRecipe(Contract):
    """How a table becomes a task dataset. The same recipe on the same rows gives the same result.

    The class of a row is the value of the column `label`, or the name of the one column of
    `label_columns` that is true (or 1) in it.
    """

    text: ColumnName = Field(description="The column that holds the text.")
    label: ColumnName | None = Field(
        default=None, description="The column that holds the class; or give `label_columns`."
    )
    label_columns: list[ColumnName] = Field(
        default=[],
        max_length=1000,
        description="Columns of 0 and 1 (or false and true), one a class.",
    )
    labels: list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]] = Field(
        default=[],
        max_length=1000,
        description="The classes to keep; rows of others are left out and counted. Empty: all.",
    )
    splits: dict[SplitName, Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=DEFAULT_SPLITS,
        min_length=2,
        max_length=5,
        description="Name of each split to its share of the rows; together 1.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    stratify: bool = Field(default=True, description="Give every split each class's share.")
    group: ColumnName | None = Field(
        default=None,
        description="Rows with the same value here (an author, a thread) stay in one split.",
    )
    near_duplicates: NearDuplicateMode = Field(
        default="together",
        description="Keep near-duplicates in one split, only report those across splits, or do not "
        "look for them.",
    )
    similarity: Annotated[float, Field(ge=0.5, le=1)] = Field(
        default=0.8,
        description="Texts that share this part of their runs of five letters are near-duplicates.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.label is None) == (not self.label_columns):
            raise ValueError("give either `label` or `label_columns`")
        if abs(sum(self.splits.values()) - 1) > 1e-6:
            raise ValueError("the shares of `splits` must be 1 together")
        named = [self.text, self.label, *self.label_columns]
        columns = [name for name in named if name is not None]
        if len(set(columns)) < len(columns):
            raise ValueError("the text and the label are different columns")
        return self


class TaskDatasetCreate(TaskRecipe):
    """The body of `POST /v1/task-datasets`."""

    name: DatasetName = Field(description="The dataset that it becomes the next version of.")
    table_id: str
    table_version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Left out: the newest."
    )


class LeftOut(Contract):
    """Rows that are not in the task dataset, and why."""

    reason: Literal["no_text", "no_label", "several_labels", "other_label"]
    rows: int
    first: list[int] = Field(default=[], description="The first of them; row 1 is the first.")


class SplitBalance(Contract):
    """How many rows of each class a split has."""

    split: str
    rows: int
    labels: dict[str, int]


class NearDuplicatePair(Contract):
    """Two rows in different splits whose texts are nearly the same."""

    similarity: float
    splits: tuple[str, str]
    rows: tuple[int, int] = Field(description="In the source table; row 1 is the first.")
    texts: tuple[str, str] = Field(description="Shortened.")


class NearDuplicates(Contract):
    """What was found; pairs are told by minima of hashes and then proved on the texts."""

    mode: NearDuplicateMode
    similarity: float
    rows: int = Field(description="Rows that have a near-duplicate anywhere.")
    clusters: int
    largest_cluster: int
    label_conflicts: int = Field(description="Rows whose text is also there with another label.")
    rows_across: int = Field(description="Rows that have a near-duplicate in another split.")
    examples: list[NearDuplicatePair] = Field(default=[], max_length=20)


class TaskDatasetSummary(Contract):
    """What came out."""

    rows_in: int
    rows: int
    left_out: list[LeftOut]
    labels: list[str]
    splits: list[SplitBalance]
    near_duplicates: NearDuplicates | None = Field(
        default=None, description="Null when they were not looked for."
    )
    groups: int | None = Field(default=None, description="Values of the group column.")
    renamed: dict[str, str] = Field(
        default={}, description="Source columns that had to make room for `text`, `label`, `split`."
    )


class TaskDatasetView(Contract):
    """One task dataset: a version of a dataset, made from a table version by a recipe."""

    id: str
    name: str
    version_id: str
    source: SourceTable
    recipe: TaskRecipe
    job_id: str
    flow_id: str
    state: JobState
    table_id: str
    table_version_id: str | None = None
    summary: TaskDatasetSummary | None = None
    error: Problem | None = None
    created_at: UtcTime
