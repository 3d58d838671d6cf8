"""The one word for an attempt, where the carrier's two words for it differ."""

import pytest

from domain.call_state import AttemptFacts, CallFacts, Finish
from domain.events import DialStatus
from domain.evidence import AttemptOutcome, attempt_outcome
from tests.rules.calls import at, plan


def finish(status: DialStatus) -> Finish:
    return Finish(at(30), status, None, True, None)


def outcome(attempt: AttemptFacts) -> AttemptOutcome | None:
    return attempt_outcome(plan(), attempt, CallFacts(attempts={1: attempt}))


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        (DialStatus.NO_ANSWER, AttemptOutcome.NO_ANSWER),
        (DialStatus.BUSY, AttemptOutcome.BUSY),
        (DialStatus.FAILED, AttemptOutcome.FAILED),
    ],
)
def test_after_a_fallback_the_legs_own_word_tells_what_the_lost_dial_action_would_have(
    leg: DialStatus, expected: AttemptOutcome
) -> None:
    """The dial's own report was lost, so it counts as completed until the leg says otherwise."""
    attempt = AttemptFacts(1, finish=finish(DialStatus.COMPLETED), leg_end=finish(leg))
    assert outcome(attempt) is expected


def test_a_leg_that_was_picked_up_and_not_accepted_stays_so_whatever_the_carrier_calls_it() -> None:
    attempt = AttemptFacts(1, picked_up_at=at(10), finish=finish(DialStatus.COMPLETED), leg_end=finish(DialStatus.BUSY))
    assert outcome(attempt) is AttemptOutcome.NOT_ACCEPTED
