"""What an import has made so far, and how it becomes a file and a report."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import schedules
from config.compile import schedule_of
from config.export import escaped, yaml_text
from config.importers.cycles import moment_text, unique_names
from config.importers.people import Keys, People, Person
from config.importers.report import Comparison, Report
from config.importers.source import Tool, UnreadableExport
from config.resources import Body, Kind
from domain.intervals import Interval, overlaps, union
from domain.local_time import clock_changes, local_text
from domain.on_call import OnCall, on_call
from domain.rotation import active_interval, coverage
from domain.schedule import Layer, Schedule

#: how far ahead two rotations are compared
_HORIZON = timedelta(days=371)
#: as ``config.schedules`` has them
_MOST_LAYERS = 100


@dataclass(frozen=True, slots=True)
class Imported:
    """``text`` is the configuration file, ``report`` what a person should know about it."""

    text: str
    report: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """Layers that belong together. The higher level wins; several of one level are on call at the same time, each."""

    name: str
    layers: tuple[Body, ...]
    level: int = 0
    timezone: str = "Etc/UTC"


class Draft:
    """Users and schedules as bodies of the configuration file, and the report about them."""

    def __init__(self, tool: Tool, persons: Iterable[Person], now: datetime, *, all_users_known: bool) -> None:
        self.tool = tool
        self.now = now
        self.report = Report(tool.label)
        self.people = People(persons, self.report, is_complete=all_users_known)
        self._schedules: dict[str, Body] = {}
        self._keys = Keys()

    def add_schedule(self, name: str, timezone: str, layers: Iterable[Body], overrides: Sequence[Body] = ()) -> str:
        """Returns the key. ``overrides`` from the oldest to the newest. Raises :class:`UnreadableExport` for more
        layers than a schedule can have."""
        key = self._keys.key(name, otherwise="schedule")
        body: Body = {"name": name, "timezone": timezone, "layers": list(unique_names(layers))}
        if len(body["layers"]) > _MOST_LAYERS:
            raise UnreadableExport(
                f"schedule {name}: it would have {len(body['layers'])} layers, and a schedule has {_MOST_LAYERS} at "
                "most; remove layers that are not needed there, and export it again."
            )
        if overrides:
            body["overrides"] = list(overrides)
        self._schedules[key] = body
        self.report.taken.append(f"schedule {key} ({name}); layers: {len(body['layers'])}, overrides: {len(overrides)}")
        return key

    def note_passed_over(self, files: Iterable[str]) -> None:
        """Names the files of a folder that had nothing to take over."""
        self.report.missing.extend(f"{file}: nothing in it is taken over." for file in files)

    def override(self, user: str, starts: datetime, ends: datetime, timezone: str) -> Body:
        return {"user": user, "starts": moment_text(starts, timezone), "ends": moment_text(ends, timezone)}

    def compare(self, schedule: str, keys: Sequence[str], there: Sequence[str] | None, source: str) -> None:
        """Notes who is on call now in our schedules, beside the names that the other tool gives."""
        here = [(key, self.on_call_now(key)) for key in keys]
        self.report.comparisons.append(
            Comparison(
                schedule,
                tuple((key, self._sentence(key, answer)) for key, answer in here),
                tuple(sorted({self.people.name_of_key(answer.user) for _, answer in here if answer.user is not None})),
                None if there is None else tuple(sorted(set(there))),
                source,
            )
        )

    def on_call_now(self, key: str) -> OnCall:
        return on_call(self.schedule(key), self.now)

    def schedule(self, key: str) -> Schedule:
        return schedule_of(key, schedules.Schedule.model_validate(self._schedules[key]))

    def has_clock_changes(self, timezone: str) -> bool:
        return clock_changes(timezone, self.now, self.now + _HORIZON)

    def lanes(self, candidates: Iterable[Candidate]) -> list[list[Candidate]]:
        """The candidates in as few schedules as possible, so that nobody hides somebody who is on call at the same
        time: in one lane those of one level never overlap. Within a lane the higher level comes later, and wins."""
        lanes: list[list[Candidate]] = []
        for candidate in sorted(candidates, key=lambda candidate: candidate.level):
            free = (lane for lane in lanes if self._fits(candidate, lane))
            lane = next(free, None)
            if lane is None:
                lanes.append([candidate])
            else:
                lane.append(candidate)
        return lanes

    def finish(self) -> Imported:
        """The file and the report."""
        people = self.people.bodies
        self.report.taken[:0] = [f"user {key} ({body['name']})" for key, body in people.items()]
        sections = {kind.value: bodies for kind, bodies in self._sections() if bodies}
        header = (
            f"# Made from an export of {self.tool.label}. Check it, then: dutyline plan FILE, dutyline apply FILE\n"
        )
        text = header + (yaml_text(escaped(sections)) if sections else "")
        return Imported(_encodable(text), _encodable(self.report.text(self.now)))

    def _sections(self) -> Iterator[tuple[Kind, dict[str, Body]]]:
        yield Kind.USERS, self.people.bodies
        yield Kind.SCHEDULES, self._schedules

    def _sentence(self, key: str, answer: OnCall) -> str:
        timezone = self._schedules[key]["timezone"]
        who = "nobody" if answer.user is None else self.people.name_of_key(answer.user)
        reason = f" ({answer.reason.layer or 'override'})" if answer.reason is not None else ""
        until = f" until {local_text(answer.until, timezone)}" if answer.until is not None else ""
        if answer.next_user is None or answer.next_at is None:
            return f"{who}{reason}{until}"
        then = f"{self.people.name_of_key(answer.next_user)} from {local_text(answer.next_at, timezone)}"
        return f"{who}{reason}{until}, then {then} ({timezone})"

    def _fits(self, candidate: Candidate, lane: Sequence[Candidate]) -> bool:
        if candidate.timezone != lane[0].timezone:
            return False
        others = [other for other in lane if other.level == candidate.level]
        return not any(self._overlap(candidate, other) for other in others)

    def _overlap(self, one: Candidate, other: Candidate) -> bool:
        return bool(list(overlaps(self._covered(one), self._covered(other))))

    def _covered(self, candidate: Candidate) -> list[Interval]:
        """When the candidate has anybody on call, from now on."""
        layers = _layers(candidate)
        begins = [active_interval(layer, candidate.timezone).starts for layer in layers]
        frame = Interval(self.now, max([self.now, *begins]) + _HORIZON)
        turns = [turn for layer in layers for turn in coverage(layer, candidate.timezone, frame)]
        return union([Interval(turn.starts, turn.ends) for turn in turns])


def _layers(candidate: Candidate) -> tuple[Layer, ...]:
    body = {"name": "Candidate", "timezone": candidate.timezone, "layers": candidate.layers}
    return schedule_of("candidate", schedules.Schedule.model_validate(body)).layers


def _encodable(text: str) -> str:
    """JSON may have half a character, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
