"""Figures and how they are printed: percentiles, rows with target and verdict, one table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    #: a figure beside the others, without a target of its own
    NONE = "-"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    target: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from the moment each request was *due*, so that a stall counts for everything that waited behind it.

    ``failures`` are requests without a right answer; they are missing in ``seconds``, so no target is met with any.
    """

    seconds: Sequence[float]
    failures: int = 0

    def percentile_ms(self, percent: float) -> float:
        """Nearest rank: a value that was really seen. Infinite when nothing was answered."""
        if not self.seconds:
            return math.inf
        rank = max(math.ceil(len(self.seconds) * percent / 100), 1)
        return sorted(self.seconds)[rank - 1] * 1000

    @property
    def p50_ms(self) -> float:
        return self.percentile_ms(50)

    @property
    def p99_ms(self) -> float:
        return self.percentile_ms(99)

    def __str__(self) -> str:
        failed = f", {self.failures} FAILED" if self.failures else ""
        figures = f"p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, max {self.percentile_ms(100):.1f} ms"
        return f"{figures} (n={len(self.seconds)}{failed})"


def informative(what: str, measured: str) -> Row:
    return Row(what, measured, "", Verdict.NONE)


def judged(what: str, measured: str, target: str, is_met: bool) -> Row:
    return Row(what, measured, target, Verdict.MET if is_met else Verdict.MISSED)


def table(rows: Sequence[Row]) -> str:
    """The rows below each other as Markdown, so that they can be pasted as they are."""
    lines = [("what", "measured", "target", "verdict"), *((r.what, r.measured, r.target, r.verdict) for r in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    texts.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(texts)
