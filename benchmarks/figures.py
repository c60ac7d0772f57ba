"""Figures: ours beside a reference from the same run."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing measured; `reference` is None where there is nothing to compare with."""

    what: str
    unit: str
    ours: float
    reference: float | None = None
    ratio: float | None = None
    added: float | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one part, what each column means, and how to read them."""

    title: str
    ours: str
    reference: str
    figures: list[Figure]
    notes: list[str]


def compared(what: str, unit: str, ours: Sequence[float], reference: Sequence[float]) -> Figure:
    """Medians over the rounds; ratio and difference are taken within each round, so that noise hits both sides."""
    pairs = list(zip(ours, reference, strict=True))
    return Figure(
        what=what,
        unit=unit,
        ours=median(ours),
        reference=median(reference),
        ratio=median(mine / other for mine, other in pairs),
        added=median(mine - other for mine, other in pairs),
    )
