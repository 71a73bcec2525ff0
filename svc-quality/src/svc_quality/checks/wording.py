"""How numbers are written in reasons."""


def percent(share: float) -> str:
    """Such as `1.25 %`; what is not nothing never reads as nothing."""
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    return f"{share * 100:.3g} %" if share < 1 else "100 %"


def counted(number: int, noun: str) -> str:
    """Such as `1,204 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
