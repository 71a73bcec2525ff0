"""The doorbell: a ring wakes, never blocks, never raises, and is not inherited."""

import os
import select
from pathlib import Path

import pytest

from shared_lib.doorbell import PipeDoorbell, SilentDoorbell, drain


@pytest.fixture
def bell(tmp_path: Path) -> PipeDoorbell:
    return PipeDoorbell(tmp_path / "run" / "bell")


def rung(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_a_ring_is_noticed_until_it_is_drained(bell: PipeDoorbell) -> None:
    listening = bell.listen()
    assert not rung(listening)
    bell.ring()
    bell.ring()
    assert rung(listening)
    drain(listening)
    assert not rung(listening)
    drain(listening)
    bell.ring()
    assert rung(listening)
    os.close(listening)


def test_ringing_where_nobody_listens_does_nothing(bell: PipeDoorbell) -> None:
    bell.ring()
    os.close(bell.listen())
    bell.ring()
    SilentDoorbell().ring()


def test_a_full_pipe_does_not_hold_up_who_rings(bell: PipeDoorbell) -> None:
    listening = bell.listen()
    for _ in range(100_000):
        bell.ring()
    assert rung(listening)
    drain(listening)
    assert not rung(listening)
    os.close(listening)


def test_a_file_in_its_place_is_replaced_and_others_cannot_ring(tmp_path: Path) -> None:
    (tmp_path / "bell").write_text("left over")
    listening = PipeDoorbell(tmp_path / "bell").listen()

    assert (tmp_path / "bell").is_fifo()
    assert (tmp_path / "bell").stat().st_mode & 0o777 == 0o600
    assert not os.get_inheritable(listening)
    os.close(listening)
