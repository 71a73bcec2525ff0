"""Moments as people read them: in the zone of their machine, with its offset."""

from datetime import datetime


def show_time(moment: datetime) -> str:
    """``2026-03-01 14:05:09 +01:00``."""
    local = moment.astimezone()
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def show_clock(moment: datetime) -> str:
    """``14:05:09``."""
    return f"{moment.astimezone():%H:%M:%S}"
