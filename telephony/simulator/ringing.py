"""One phone rings, is picked up or not, and the two people talk. What the carrier reports about it is the dialect's."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import assert_never

from telephony.simulator.scripts import Answers, Behaviour, Busy, Declines, Fails, Machine, Phase, RingsOut
from telephony.simulator.stage import Left, Person, Stage, responder_of, wait
from telephony.simulator.transcript import LegOutcome, LegReport, Who


class RingEnd(StrEnum):
    PICKED_UP = "picked_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    FAILED = "failed"
    CALLER_GONE = "caller_gone"


@dataclass(slots=True)
class Attempt:
    """One ring of one phone, filled in as it goes."""

    stage: Stage
    number: str
    caller_id: str
    limit_seconds: float
    order: int
    behaviour: Behaviour
    responder: Person
    started_at: float
    picked_up_at: float | None = None
    bridged_at: float | None = None
    ended_at: float = 0.0
    end: RingEnd = RingEnd.NO_ANSWER

    @property
    def name(self) -> str:
        return self.stage.notebook.name(self.number)

    @property
    def leg_seconds(self) -> int:
        """From pick-up to the end of the leg, as a carrier counts."""
        return 0 if self.picked_up_at is None else round(self.ended_at - self.picked_up_at)

    @property
    def talk_seconds(self) -> float:
        return 0.0 if self.bridged_at is None else self.ended_at - self.bridged_at

    async def ring(self, on_ringing: Callable[[], Awaitable[None]]) -> RingEnd:
        """Rings until something happens. The caller hears the ringing and may leave."""
        notebook = self.stage.notebook
        if not isinstance(self.behaviour, Fails):
            notebook.note(Who.CARRIER, f"the phone of {self.name} rings ({self.number})")
            notebook.caller_hears_something()
            await on_ringing()
        seconds, self.end = self._what_happens()
        try:
            await wait(self.stage, seconds, [self.stage.caller])
        except Left:
            self.end = RingEnd.CALLER_GONE
        self.ended_at = self.stage.clock.offset
        if self.end is RingEnd.PICKED_UP and isinstance(self.behaviour, Answers | Machine):
            self.picked_up_at = self.stage.clock.offset
            self.responder = responder_of(self.name, self.behaviour, self.picked_up_at)
        notebook.note(*self._how_it_ended())
        return self.end

    def _what_happens(self) -> tuple[float, RingEnd]:
        behaviour = self.behaviour
        match behaviour:
            case RingsOut():
                return self.limit_seconds, RingEnd.NO_ANSWER
            case Answers() | Machine():
                end = RingEnd.PICKED_UP
            case Busy():
                end = RingEnd.BUSY
            case Declines():
                end = RingEnd.DECLINED
            case Fails():
                end = RingEnd.FAILED
            case _:
                assert_never(behaviour)
        if behaviour.after_seconds >= self.limit_seconds:
            return self.limit_seconds, RingEnd.NO_ANSWER
        return behaviour.after_seconds, end

    def _how_it_ended(self) -> tuple[Who, str]:
        match self.end:
            case RingEnd.PICKED_UP:
                return Who.RESPONDER, f"{self.responder.name} picks up"
            case RingEnd.NO_ANSWER:
                return Who.CARRIER, f"{self.name} did not pick up within {self.limit_seconds:.0f} s"
            case RingEnd.BUSY:
                return Who.CARRIER, f"the phone of {self.name} is busy"
            case RingEnd.DECLINED:
                return Who.RESPONDER, f"{self.name} declines the call"
            case RingEnd.FAILED:
                return Who.CARRIER, f"the number of {self.name} cannot be reached"
            case RingEnd.CALLER_GONE:
                return Who.CARRIER, f"the phone of {self.name} stops ringing"

    async def talk(self, time_limit_seconds: float) -> None:
        """Joins the two until one of them hangs up or the carrier's limit is reached."""
        stage = self.stage
        stage.enter(Phase.TALK)
        stage.notebook.caller_hears_something()
        stage.notebook.note(Who.CARRIER, f"the caller and {self.responder.name} are connected")
        self.bridged_at = stage.clock.offset
        if isinstance(self.behaviour, Answers | Machine) and self.behaviour.talk_seconds is not None:
            self.responder.leaves_at = self.bridged_at + self.behaviour.talk_seconds
        else:
            self.responder.leaves_at = inf
        try:
            await wait(stage, time_limit_seconds, [stage.caller, self.responder])
            stage.notebook.note(Who.CARRIER, f"the talk is ended by its limit of {time_limit_seconds:.0f} s")
        except Left:
            pass
        self.ended_at = stage.clock.offset

    def close(self) -> None:
        """Puts the attempt into the report."""
        picked_up_at = self.ended_at if self.picked_up_at is None else self.picked_up_at
        self.stage.remember(self.number, self.responder)
        self.stage.notebook.legs.append(
            LegReport(
                order=self.order,
                number=self.number,
                name=self.name,
                caller_id=self.caller_id,
                limit_seconds=self.limit_seconds,
                outcome=self._outcome(),
                ring_seconds=round(picked_up_at - self.started_at, 3),
                talk_seconds=round(self.talk_seconds, 3),
            )
        )

    def _outcome(self) -> LegOutcome:
        if self.bridged_at is not None:
            return LegOutcome.ANSWERED
        match self.end:
            case RingEnd.PICKED_UP if not self.stage.caller_is_gone:
                return LegOutcome.NOT_ACCEPTED
            case RingEnd.PICKED_UP:
                return LegOutcome.CALLER_GONE
            case _:
                return LegOutcome(self.end)


def begin_attempt(stage: Stage, number: str, caller_id: str, limit_seconds: float) -> Attempt:
    """The next phone rings from now on."""
    stage.enter(Phase.RINGING)
    return Attempt(
        stage=stage,
        number=number,
        caller_id=caller_id,
        limit_seconds=limit_seconds,
        order=stage.ring_order,
        behaviour=stage.next_behaviour(number),
        responder=Person(stage.notebook.name(number), Who.RESPONDER),
        started_at=stage.clock.offset,
    )
