"""The people on a simulated call and what passes between them, the same for every carrier."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from domain.directory import Provider
from telephony.simulator.clock import Clock
from telephony.simulator.scripts import Answers, Behaviour, Machine, Phase, Script
from telephony.simulator.transcript import Ending, Notebook, Who
from telephony.simulator.wire import Wire

_CHARACTERS_PER_SECOND = 15.0
_SHORTEST_SPEECH_SECONDS = 1.0
_AUDIO_SECONDS = 3.0
#: how long a caller takes to press a key that a prompt asks for
_CALLER_KEY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SimulatedNumber:
    """A phone number at the carrier whose webhook, fallback and hang-up address is the one pasted ``url``.

    With an ``auth_token`` every request is signed as the carrier signs it. ``media_base_url`` is where recordings are
    said to be (``rest.py`` serves them); without it their addresses are the real carrier's.
    """

    provider: Provider
    number: str
    url: str
    auth_token: str | None = None
    account_id: str | None = None
    media_base_url: str | None = None


class Left(Exception):
    """Somebody on the leg hung up, or the leg was ended; whatever was going on there is over."""

    def __init__(self, who: Who, ending: Ending | None = None) -> None:
        super().__init__(who)
        self.who = who
        self.ending = ending


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with a phone at the ear. Times are offsets of call time."""

    name: str
    who: Who
    keys: deque[str] = field(default_factory=deque)
    press_after_seconds: float = 0.0
    leaves_at: float = inf
    heard: list[str] = field(default_factory=list)


def caller_of(script: Script) -> Person:
    keys = deque(script.caller.keys)
    return Person("the caller", Who.CALLER, keys=keys, press_after_seconds=_CALLER_KEY_SECONDS)


def responder_of(name: str, behaviour: Answers | Machine, picked_up_at: float) -> Person:
    match behaviour:
        case Machine():
            return Person(f"{name}'s voicemail", Who.RESPONDER)
        case Answers(leaves_after_seconds=leaves_after):
            return Person(
                name,
                Who.RESPONDER,
                keys=deque(behaviour.presses),
                press_after_seconds=behaviour.press_after_seconds,
                leaves_at=inf if leaves_after is None else picked_up_at + leaves_after,
            )


@dataclass(slots=True)
class Stage:
    """Everything that the two carriers' interpreters share for one call. ``caller`` is also an alert call's callee."""

    script: Script
    clock: Clock
    notebook: Notebook
    wire: Wire
    caller: Person
    heard_by_responders: dict[str, list[str]] = field(default_factory=dict)
    voicemail_seconds: int | None = None
    #: how often each number was rung; shared by the alert calls of one account
    attempts: dict[str, int] = field(default_factory=dict)
    _rings: int = 0

    @property
    def caller_is_gone(self) -> bool:
        return self.clock.offset >= self.caller.leaves_at

    def enter(self, phase: Phase) -> None:
        """The caller's hang-up is timed from the start of a phase."""
        if phase is Phase.RINGING:
            self._rings += 1
        hang_up = self.script.caller.hang_up
        if hang_up is None or hang_up.phase is not phase:
            return
        if phase is not Phase.RINGING or hang_up.attempt == self._rings:
            self.caller.leaves_at = min(self.caller.leaves_at, self.clock.offset + hang_up.after_seconds)

    def next_behaviour(self, number: str) -> Behaviour:
        """What the phone does this time; call it once per ring, after entering the ringing phase."""
        tries = self.attempts.get(number, 0)
        self.attempts[number] = tries + 1
        own = self.script.responders.get(number)
        if own:
            return own[min(tries, len(own) - 1)]
        if 0 < self._rings <= len(self.script.rings):
            return self.script.rings[self._rings - 1]
        return self.script.otherwise

    @property
    def ring_order(self) -> int:
        """The place of the phone that rings now among all phones of this call, from 1."""
        return self._rings

    def remember(self, number: str, person: Person) -> None:
        self.heard_by_responders.setdefault(number, []).extend(person.heard)


async def wait(stage: Stage, seconds: float, people: Sequence[Person]) -> None:
    """Lets time pass on a leg. Raises :class:`Left` when somebody leaves before it is over."""
    clock = stage.clock
    first = min(people, key=lambda person: person.leaves_at)
    if first.leaves_at <= clock.offset + seconds:
        await clock.advance(first.leaves_at - clock.offset)
        stage.notebook.note(first.who, f"{first.name} hangs up")
        raise Left(first.who)
    await clock.advance(seconds)


@dataclass(slots=True)
class Leg:
    """One phone that documents are run on. ``also_present`` can end it too: the caller, while a responder is asked."""

    stage: Stage
    person: Person
    also_present: tuple[Person, ...] = ()
    #: the caller's leg: waiting there is silence in the caller's ear
    is_callers: bool = True

    async def wait_in_silence(self, seconds: float) -> None:
        if self.is_callers:
            self.stage.notebook.caller_hears_nothing(seconds)
        await self.wait(seconds)

    async def wait(self, seconds: float) -> None:
        await wait(self.stage, seconds, (self.person, *self.also_present))

    def hear(self, text: str) -> None:
        if self.is_callers:
            self.stage.notebook.caller_hears_something()
        self.person.heard.append(text)
        self.stage.notebook.note(Who.DUTYLINE, f"to {self.person.name}: “{text}”")

    async def speak(self, text: str, times: int = 1) -> None:
        self.hear(text)
        await self.wait(max(1, times) * speech_seconds(text))

    async def ask_for_keys(
        self, prompts: Sequence[tuple[str, float]], timeout_seconds: float, most_keys: int
    ) -> str | None:
        """Speaks the prompts and waits for keys, which may interrupt them; ``None`` when none is pressed in time."""
        clock = self.stage.clock
        press_at = clock.offset + self.person.press_after_seconds if self.person.keys else inf
        for text, seconds in prompts:
            if clock.offset >= press_at:
                break
            if text:
                self.hear(text)
            await self.wait(min(seconds, press_at - clock.offset))
        if press_at > clock.offset + timeout_seconds:
            await self.wait_in_silence(timeout_seconds)
            return None
        await self.wait_in_silence(max(0.0, press_at - clock.offset))
        digits = "".join(self.person.keys.popleft() for _ in range(min(most_keys, len(self.person.keys))))
        self.stage.notebook.note(self.person.who, f"{self.person.name} presses {digits}")
        return digits


def speech_seconds(text: str) -> float:
    """How long a text takes to be said; an estimate that is the same everywhere."""
    return max(_SHORTEST_SPEECH_SECONDS, round(len(text) / _CHARACTERS_PER_SECOND, 1))


def audio_seconds() -> float:
    """How long a piece of audio is taken to last. It is not fetched."""
    return _AUDIO_SECONDS
