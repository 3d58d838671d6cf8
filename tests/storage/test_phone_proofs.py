"""A key that is pressed in a hotline's call proves the phone that it was pressed at."""

from dataclasses import replace

from activities.calls import CallActivities
from domain.call_flow import advance, fresh
from domain.call_log import LoggedCall, log_call
from domain.call_messages import SaveCall
from domain.directory import Accept, Provider
from domain.events import AttemptFinished, CallEnded, CallIdentity, CallStarted, DialStatus, Event, KeyPressed
from storage import verified_phones
from storage.engine import Database
from storage.journal import open_journal
from tests.rules.calls import CALLER, START, at, plan

IDENTITY = CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, "+12245550123")
TALK = AttemptFinished(at(43), 1, DialStatus.COMPLETED, bridged=True, caller_present=True)


def _call(*events: Event, accept: Accept = Accept.PRESS_KEY, simulated: bool = False) -> LoggedCall:
    call_plan = replace(plan(), accept=accept)
    state = fresh(call_plan, CALLER, START)
    control = None
    for event in (CallStarted(START), *events, CallEnded(at(47))):
        state, answer = advance(call_plan, state, event, control)
        control = answer.control if isinstance(event, CallStarted) else control
    return log_call(call_plan, replace(IDENTITY, simulated=simulated), state, verified=True, finished_at=at(400))


async def _verified_by(database: Database, call: LoggedCall) -> frozenset[tuple[str, str]]:
    journal = open_journal(database)
    await CallActivities(database, journal, "https://duty.example").save_call(SaveCall(call, 1))
    await journal.close()
    async with database.read() as session:
        return await verified_phones.all_verified(session)


async def test_pressing_1_proves_the_phone(database: Database) -> None:
    target = plan().targets[0]

    assert await _verified_by(database, _call(KeyPressed(at(10), 1, "1"), TALK)) == {(target.user, target.number)}


async def test_picking_up_proves_nothing(database: Database) -> None:
    """It may have been a machine."""
    assert await _verified_by(database, _call(TALK, accept=Accept.NONE)) == frozenset()


async def test_wrong_key_proves_nothing(database: Database) -> None:
    assert await _verified_by(database, _call(KeyPressed(at(10), 1, "5"))) == frozenset()


async def test_simulated_call_proves_nothing(database: Database) -> None:
    call = _call(KeyPressed(at(10), 1, "1"), TALK, simulated=True)

    assert await _verified_by(database, call) == frozenset()
