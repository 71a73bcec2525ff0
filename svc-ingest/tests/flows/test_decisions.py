"""What triggers said is kept in order, whatever the order it was told in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from svc_ingest.flows.decisions import asker, merge_decisions


def decision(number: int, trigger: str, *, rule: str, train: bool) -> dict[str, Any]:
    return {
        "decision_id": f"td_{number:02}",
        "trigger_id": trigger,
        "pipeline": "p",
        "rule": rule,
        "train": train,
    }


told = st.lists(
    st.builds(
        decision,
        st.integers(0, 99),
        st.sampled_from(["a", "b"]),
        rule=st.sampled_from(["nothing_new", "debounce"]),
        train=st.booleans(),
    ),
    unique_by=lambda each: each["decision_id"],
    max_size=12,
)


@given(told, st.data())
def test_the_order_has_no_effect_and_no_training_is_lost(
    decisions: list[dict[str, Any]], data: st.DataObject
) -> None:
    merged: list[dict[str, Any]] = []
    for each in data.draw(st.permutations([*decisions, *decisions])):
        merged = merge_decisions(merged, [each])
    assert merged == merge_decisions([], decisions)

    ids = [each["decision_id"] for each in merged]
    assert ids == sorted(ids)
    assert [each for each in merged if each["train"]] == sorted(
        (each for each in decisions if each["train"]), key=lambda each: each["decision_id"]
    )
    refused = [(asker(each), each["rule"]) for each in merged if not each["train"]]
    assert set(refused) == {(asker(e), e["rule"]) for e in decisions if not e["train"]}
    assert len(set(refused)) == len(refused)
