"""Call time: what waits for it, what moves it, and how much of it is really slept."""

from telephony.simulator.clock import Clock, at_speed
from telephony.simulator.scripts import RequestKind, RingsOut, Script
from tests.telephony.simulator_server import ANA, STARTED_AT, Reply, dutyline, ring


async def test_the_pace_is_asked_to_sleep_all_of_the_call() -> None:
    slept: list[float] = []

    async def pace(seconds: float) -> None:
        slept.append(seconds)

    dial = f'<Dial timeout="20" action="/dial"><Number>{ANA}</Number></Dial>'
    server = dutyline(voice=dial, dial='<Pause length="2"/><Hangup/>')
    await ring(server, Script(otherwise=RingsOut()), pace=pace)

    assert slept == [20, 2]


async def test_tasks_run_at_their_moment_in_the_order_of_their_time() -> None:
    clock = Clock(STARTED_AT, at_speed(None))
    seen: list[tuple[str, float]] = []

    def schedule(name: str, after_seconds: float) -> None:
        async def task() -> None:
            seen.append((name, clock.offset))

        clock.schedule(after_seconds, task)

    schedule("late", 5)
    schedule("early", 2)
    schedule("last", 30)
    await clock.advance(10)
    assert seen == [("early", 2), ("late", 5)]
    await clock.drain()
    assert seen[-1] == ("last", 30)


async def test_an_answer_that_took_a_second_costs_the_call_a_second() -> None:
    server = dutyline(voice=[Reply("<Response><Hangup/></Response>", delay_seconds=1.0), Reply(status=204)])
    call = await ring(server)

    assert call.requests_of(RequestKind.ENDED)[0].at_offset_seconds == 1
    assert call.caller_heard_silence_longer_than(0.9)
