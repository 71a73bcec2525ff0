"""What triggers said of one table version as time went by: a schedule asks about it again."""

from collections.abc import Mapping, Sequence
from typing import Any


def merge_decisions(
    known: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """All of them once, oldest first, whatever the order they were told in.

    Where one asker refuses again by the same rule, only the newest refusal is kept: a schedule that
    finds nothing new every hour must not fill the flow. The records of all are with the trigger.

    Args:
        known: what the flow has.
        told: what came now.
    """
    by_id = {each["decision_id"]: each for each in (*told, *known)}
    merged = [by_id[decision_id] for decision_id in sorted(by_id)]
    newest = {_refusal(each): each["decision_id"] for each in merged if not each["train"]}
    return [
        each for each in merged if each["train"] or newest[_refusal(each)] == each["decision_id"]
    ]


def asker(decision: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The trigger, or without one the flow's plan, and what it trains."""
    return decision.get("trigger_id"), decision.get("pipeline")


def _refusal(decision: Mapping[str, Any]) -> tuple[tuple[str | None, str | None], str]:
    return asker(decision), decision["rule"]
