"""What a comparison says of a new version, apart from the comparison and its libraries."""

from dataclasses import dataclass

from shared_lib.contracts.models import Comparison, PromotionRule


@dataclass(frozen=True)
class Promotion:
    """Whether a new version becomes champion, and why.

    Attributes:
        champion: number of the version that it was compared with; None when there was none.
    """

    promoted: bool
    rule: PromotionRule
    reason: str
    champion: int | None = None
    comparison: Comparison | None = None


FIRST = Promotion(promoted=True, rule="first", reason="It is the first version of the model.")
