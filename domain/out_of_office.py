"""Who has somebody's duties while they are out of office. The rules are in ``docs/schedules.md``."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.schedule import Absence


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who has a person's duties at a moment. ``absence`` is the person's own, and ``None`` when they are here.

    ``user`` is ``None`` when the person, or whoever stands in for them, is away without a delegate. Delegates who lead
    back to somebody already asked are a ``circle``: then the person keeps the duties.
    """

    user: str | None
    absence: Absence | None = None
    circle: bool = False


def stand_in(user: str, absences: Sequence[Absence], at: datetime) -> StandIn:
    """Follow the delegates from a person at an aware moment."""
    own = _absence_of(user, absences, at)
    asked = [user]
    absence = own
    while absence is not None:
        if absence.delegate is None:
            return StandIn(None, own)
        if absence.delegate in asked:
            return StandIn(user, own, circle=True)
        asked.append(absence.delegate)
        absence = _absence_of(absence.delegate, absences, at)
    return StandIn(asked[-1], own)


def turning_points(absences: Iterable[Absence]) -> list[datetime]:
    """The moments at which somebody leaves or returns, in order."""
    return sorted({moment for absence in absences for moment in (absence.starts, absence.ends)})


def circles(absences: Sequence[Absence]) -> Iterator[tuple[str, datetime]]:
    """Whose delegates lead in a circle, and from when; each person once."""
    suspects = dict.fromkeys(absence.user for absence in _leading_on(absences))
    reported: set[str] = set()
    for moment in turning_points(absence for absence in absences if absence.user in suspects):
        for user in suspects:
            if user not in reported and stand_in(user, absences, moment).circle:
                reported.add(user)
                yield user, moment


def _leading_on(absences: Sequence[Absence]) -> Sequence[Absence]:
    """Those whose delegates are away at the same time and lead on too. Only these can lead in a circle; mostly there
    are none, and to follow all of hundreds at every moment would take seconds."""
    while True:
        absences_of: dict[str | None, list[Absence]] = defaultdict(list)
        for absence in absences:
            absences_of[absence.user].append(absence)
        leading_on = [
            absence
            for absence in absences
            if any(
                absence.starts < next_one.ends and next_one.starts < absence.ends
                for next_one in absences_of.get(absence.delegate, ())
            )
        ]
        if len(leading_on) == len(absences):
            return absences
        absences = leading_on


def _absence_of(user: str, absences: Sequence[Absence], at: datetime) -> Absence | None:
    away = (absence for absence in reversed(absences) if absence.user == user and absence.starts <= at < absence.ends)
    return next(away, None)
