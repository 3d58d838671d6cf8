"""A roster is changed while somebody is on shift: the next call rings the right person, and never silently nobody."""

from typing import Any

import pytest

from domain.directory import Provider
from telephony.simulator.scripts import CallerScript, RingsOut, Script
from tests.stories.house import House, Line, eventually
from tests.stories.rosters import AfterTheFirstAnswer, Person, Roster, first_call, rings, rings_nobody

both_carriers = pytest.mark.parametrize("provider", list(Provider))


@both_carriers
async def test_after_the_member_on_shift_was_removed_the_next_call_rings_who_is_on_call_then(
    house: House, provider: Provider
) -> None:
    roster = await Roster.open(house)
    line = await roster.line(provider)
    await first_call(house, line, rings(roster.ana))
    await roster.put(roster.ben)
    assert (await roster.on_call())["user"]["key"] == roster.ben.key
    call = await first_call(house, line, rings(roster.ben))
    assert (await house.logged(call))["outcome"] == "answered"


async def test_a_user_who_is_on_shift_is_not_deleted_and_the_sentence_says_where_they_are_named(house: House) -> None:
    roster = await Roster.open(house)
    answer = await house.ask("DELETE", f"/users/{roster.ana.key}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_use")
    assert f"schedules.{roster.key}.layers[0].members[0]" in answer.json()["error"]["message"]


async def test_the_last_member_of_a_layer_is_not_removed(house: House) -> None:
    roster = await Roster.open(house, members=["ana"])
    answer = await house.ask("PUT", f"/schedules/{roster.key}", roster.body([]))
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (422, {"layers[0].members"})
    assert (await roster.on_call())["user"]["key"] == roster.ana.key


@both_carriers
async def test_a_layer_that_has_nobody_any_more_is_warned_about_and_its_calls_say_so(
    house: House, provider: Provider
) -> None:
    roster = await Roster.open(house, members=["ana"])
    line = await roster.line(provider)
    plan = await house.apply({"schedules": {roster.key: roster.body([None])}})
    assert "Layer Yearly has no members: it never puts anybody on call." in [each.message for each in plan.warnings]
    log = await house.logged(await first_call(house, line, rings_nobody))
    assert log["outcome"] == "no_one_on_call"
    assert "Entry 1 passed: nobody on call in Primary on-call" in await steps_of(house, log)


@both_carriers
async def test_a_new_name_in_the_middle_of_a_shift_is_in_the_log_and_the_shift_goes_on(
    house: House, provider: Provider
) -> None:
    roster = await Roster.open(house)
    line = await roster.line(provider)
    before = await roster.on_call()
    answer = await house.ask("PUT", f"/users/{roster.ana.key}", roster.ana.body | {"name": "Ana Marin"})
    assert answer.status_code == 200
    now = await roster.on_call()
    assert (now["user"], now["since"]) == ({"key": roster.ana.key, "name": "Ana Marin"}, before["since"])
    responder = {"key": roster.ana.key, "name": "Ana Marin", "schedule": roster.key}
    await eventually(lambda: rings_as(house, line, roster.ana, responder))


@both_carriers
async def test_a_new_key_in_the_middle_of_a_shift_is_another_person_with_the_same_shift(
    house: House, provider: Provider
) -> None:
    roster = await Roster.open(house)
    line = await roster.line(provider)
    before = await roster.on_call()
    renamed = f"{roster.ana.key}-marin"
    users = {renamed: roster.ana.body | {"name": "Ana Marin"}}
    plan = await house.apply({"users": users, "schedules": {roster.key: roster.body([renamed, roster.ben.key])}})
    assert [(change.action, change.key) for change in plan.changes] == [("create", renamed), ("update", roster.key)]
    assert (await house.ask("DELETE", f"/users/{roster.ana.key}")).status_code == 204
    now = await roster.on_call()
    assert (now["user"]["key"], now["since"]) == (renamed, before["since"])
    responder = {"key": renamed, "name": "Ana Marin", "schedule": roster.key}
    await eventually(lambda: rings_as(house, line, roster.ana, responder))


async def rings_as(house: House, line: Line, person: Person, responder: object) -> bool:
    """Whether the log of a call to the person's phone names this responder. Until the change is known in the process
    that answers, it names the one of before."""
    log = await house.logged(await first_call(house, line, rings(person)))
    return bool(log["attempts"][0]["responder"] == responder)


@both_carriers
async def test_an_edit_during_a_call_changes_nothing_for_it_and_everything_for_the_next_one(
    house: House, provider: Provider
) -> None:
    first, second = await Roster.open(house), await Roster.open(house, members=["ben"])
    line = await house.open_line(provider, chain=[{"schedule": first.key}, {"schedule": second.key}])
    nobody_picks_up = Script(otherwise=RingsOut())
    # Somebody else, so that the two calls have nothing to do with each other.
    other_caller = Script(caller=CallerScript(number="+14155550177"), otherwise=RingsOut())

    async def edit() -> None:
        await first.put(first.cleo)
        await second.put(second.cleo)
        await first_call(house, line, rings(first.cleo), other_caller)

    during = await house.ring(line, nobody_picks_up, through=AfterTheFirstAnswer(edit))
    after = await house.ring(line, nobody_picks_up)
    assert [leg.number for leg in during.legs] == [first.ana.number, second.ben.number]
    assert [leg.number for leg in after.legs] == [first.cleo.number, second.cleo.number]


@both_carriers
async def test_out_of_office_in_the_middle_of_a_shift_rings_the_delegate_and_says_for_whom(
    house: House, provider: Provider
) -> None:
    roster = await Roster.open(house)
    line = await roster.line(provider)
    await first_call(house, line, rings(roster.ana))
    await roster.leave(roster.ana, delegate=roster.ben)
    log = await house.logged(await first_call(house, line, rings(roster.ben)))
    assert f"for {roster.ana.key}, who is out of office" in log["attempts"][0]["reason"]


async def test_who_would_ring_and_who_is_on_call_say_for_whom_the_delegate_stands_in(house: House) -> None:
    roster = await Roster.open(house)
    line = await roster.line(Provider.TWILIO)
    await roster.leave(roster.ana, delegate=roster.ben)
    now = await roster.on_call()
    (entry,) = (await house.get(f"/hotlines/{line.key}/who-would-ring"))["chain"]
    assert (now["user"]["key"], now["reason"]["kind"], now["reason"]["delegated_by"]) == (
        roster.ben.key,
        "delegate",
        roster.ana.key,
    )
    assert now["next"]["user"]["key"] == roster.ana.key
    assert (entry["responder"]["key"], entry["reason"]) == (roster.ben.key, now["reason"]["text"])


@both_carriers
async def test_out_of_office_without_a_delegate_is_said_to_leave_nobody(house: House, provider: Provider) -> None:
    roster = await Roster.open(house)
    line = await roster.line(provider)
    await roster.leave(roster.ana)
    log = await house.logged(await first_call(house, line, rings_nobody))
    steps = await steps_of(house, log)
    assert any(f"nobody on call in Primary on-call, for {roster.ana.key}, who is out" in step for step in steps), steps


async def steps_of(house: House, log: Any) -> list[str]:
    return [step["text"] for step in (await house.get(f"/calls/{log['id']}/timeline"))["items"]]
