"""Savings over the wire, on both databases."""

from parquet_service import Parquet

from shared_lib.testing.services import OTHER

ROWS = "id,word\n" + "".join(f"{n},the same word again\n" for n in range(5000))


def test_savings_are_told_by_dataset_and_in_total(parquet: Parquet) -> None:
    parquet.land({"a.csv": ROWS.encode(), "b.csv": b"x\n1\n"}, dataset="one")
    parquet.land({"c.csv": ROWS.encode()}, dataset="two")
    found = parquet.get("/v1/savings")

    assert [each["dataset"] for each in found["datasets"]] == ["one", "two"]
    assert [each["tables"] for each in found["datasets"]] == [2, 1]
    total = found["total"]
    assert total["bytes"]["before"] == 2 * len(ROWS) + 4
    assert 0 < total["query_bytes"]["count"]["after"] < total["query_bytes"]["column"]["after"]
    assert total["query_bytes"]["column"]["after"] < total["query_bytes"]["column"]["before"]
    assert total["unmeasured_tables"] == 0
    assert total["money"]["total"]["before"] > 0
    assert any("12 months" in said for said in found["assumptions"])
    assert parquet.get("/v1/savings")["total"] == total
    (alone,) = parquet.get("/v1/savings", params={"dataset": "two"})["datasets"]
    assert alone == found["datasets"][1]
    none = parquet.ask("GET", "/v1/savings", tenant=OTHER).json()
    assert (none["datasets"], none["total"]["tables"]) == ([], 0)


def test_prices_are_set_by_the_user(parquet: Parquet) -> None:
    parquet.land({"a.csv": ROWS.encode()}, dataset="priced")
    before = parquet.get("/v1/savings")
    prices = before["prices"] | {"currency": "EUR", "storage_per_gb_month": 1.0}
    assert parquet.ask("PUT", "/v1/savings/prices", json=prices).json() == prices
    again = parquet.ask("PUT", "/v1/savings/prices", json=prices | {"raw_kept": False})
    assert again.status_code == 200

    after = parquet.get("/v1/savings")
    assert (after["prices"]["currency"], after["prices"]["raw_kept"]) == ("EUR", False)
    assert (
        after["total"]["money"]["storage"]["before"] > before["total"]["money"]["storage"]["before"]
    )
    wrong = parquet.ask("PUT", "/v1/savings/prices", json={"scan_per_tb": -1})
    assert wrong.status_code == 422
    theirs = parquet.ask("GET", "/v1/savings/prices", tenant=OTHER).json()
    assert theirs["currency"] == "USD"
