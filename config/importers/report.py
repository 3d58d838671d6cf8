"""What a person reads after an import: what was taken over, what is different, what has no counterpart, and who is on
call now by either tool."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """Who is on call now in one schedule of the other tool.

    ``here`` are our schedules for it, each with a sentence; ``names_here`` and ``names_there`` are the people.
    ``names_there`` is ``None`` when the export does not say; ``source`` says where it does.
    """

    schedule: str
    here: tuple[tuple[str, str], ...]
    names_here: tuple[str, ...]
    names_there: tuple[str, ...] | None
    source: str

    @property
    def is_same(self) -> bool:
        return self.names_there is not None and sorted(self.names_here) == sorted(self.names_there)


@dataclass(slots=True)
class Report:
    """Sentences, each about one thing, in the order in which they were found."""

    title: str
    taken: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    def text(self, now: datetime) -> str:
        """The report as plain text."""
        lines = [f"Import from {self.title}, {now:%Y-%m-%d %H:%M} UTC"]
        lines += _section("Taken over", self.taken)
        lines += _section("Taken over with a change", self.changed)
        lines += _section("Without a counterpart, and not taken over", self.missing)
        lines += ["", "Who is on call now", ""]
        for comparison in self.comparisons:
            lines += self._compared(comparison)
        if not self.comparisons:
            lines.append("  no schedule was taken over")
        return "\n".join(lines) + "\n"

    def _compared(self, comparison: Comparison) -> Iterator[str]:
        yield f"  {comparison.schedule}"
        for key, sentence in comparison.here:
            yield f"    here, {key}: {sentence}"
        if comparison.names_there is None:
            yield f"    {self.title}: the export does not say; look there and compare"
            return
        there = ", ".join(comparison.names_there) or "nobody"
        verdict = "the same" if comparison.is_same else "NOT THE SAME: check this schedule before you rely on it"
        yield f"    {self.title}, {comparison.source}: {there} ({verdict})"


def _section(title: str, sentences: list[str]) -> list[str]:
    return ["", title, "", *(f"  - {sentence}" for sentence in dict.fromkeys(sentences) or ["nothing"])]
