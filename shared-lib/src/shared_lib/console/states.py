"""How a state or an outcome is shown: a mark and a word, never colour alone."""

import click

_MARKS = {
    "queued": "○",
    "claimed": "◐",
    "running": "◐",
    "publishing": "◐",
    "succeeded": "✓",
    "failed": "✕",
    "dead": "✕",
    "cancelled": "–",
    "passed": "✓",
    "warned": "!",
    "error": "✕",
}
_COLORS = {"✓": "green", "!": "yellow", "✕": "red", "◐": "magenta"}


def mark_of(state: str) -> str:
    """The mark alone."""
    return _MARKS.get(state, "·")


def color_of(state: str) -> str | None:
    """The colour that goes with the mark; None for the terminal's own."""
    return _COLORS.get(mark_of(state))


def show_state(state: str) -> str:
    """Mark and word, such as ``✓ succeeded``."""
    return f"{mark_of(state)} {state}"


def styled_mark(state: str) -> str:
    """The mark in its colour, for a line of text."""
    return click.style(mark_of(state), fg=color_of(state))
