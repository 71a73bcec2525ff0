"""What every benchmark of a server needs: its CPU time, and a verdict on a figure."""

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all below it, with those that have ended."""
    root = psutil.Process(pid)
    total = 0.0
    for each in [root, *root.children(recursive=True)]:
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def verdict(value: float, *, goal: float, at_least: bool = False) -> str:
    """Whether the goal is met, in words."""
    met = value >= goal if at_least else value <= goal
    return f"goal {'>=' if at_least else '<='} {goal:g}: {'met' if met else 'NOT met'}"
