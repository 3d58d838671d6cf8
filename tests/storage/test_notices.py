"""Notices: one row a message, claimed before it is sent; and the watch that announces a change once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.notices import Notice, NoticeKind, call_topic, schedule_topic
from domain.schedule_notices import Told
from domain.shift_changes import Watch
from storage import notices, shift_watches
from storage.engine import Database
from storage.notice_tables import NoticeRow
from storage.notices import Claimed, NoticeState
from storage.paging import BadCursor
from tests.storage.records import at

PRIMARY = schedule_topic("primary")
START = Notice(
    topic=PRIMARY,
    kind=NoticeKind.SHIFT_START,
    about="ana",
    at=at(0),
    recipient="ana",
    channel="sms",
    subject="You are on call",
    text="You are on call in Primary on-call.",
    stale_at=at(3600),
)
WARNING = replace(START, kind=NoticeKind.WARNING_WEEK, about="gap:1", channel="email", stale_at=None)


async def _add(database: Database, *new: Notice, now: int = 0) -> list[str]:
    async with database.write() as session:
        return await notices.add(session, new, at(now))


async def _claim(database: Database, notice_id: str, now: int = 10) -> Claimed | None:
    async with database.write() as session:
        return await notices.claim(session, notice_id, at(now))


async def _row(database: Database, notice_id: str) -> NoticeRow:
    async with database.read() as session:
        row = await notices.get(session, notice_id)
    assert row is not None
    return row


async def _unfinished(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await notices.unfinished(session, PRIMARY))


async def test_a_notice_is_stored_once_whatever_it_says_the_second_time(database: Database) -> None:
    (first,) = await _add(database, START)
    assert await _add(database, replace(START, subject="Renamed", text="Other words")) == []
    assert (await _row(database, first)).body["subject"] == "You are on call"


async def test_the_same_notice_twice_in_one_go_is_stored_once(database: Database) -> None:
    assert len(await _add(database, START, START)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"topic": schedule_topic("secondary")},
        {"kind": NoticeKind.SHIFT_END},
        {"about": "ben"},
        {"at": at(1)},
        {"recipient": "#ops"},
        {"channel": "email"},
    ],
)
async def test_each_part_of_what_it_says_makes_another_notice(database: Database, other: dict[str, Any]) -> None:
    assert len(set(await _add(database, START, replace(START, **other)))) == 2


async def test_a_document_is_kept_for_the_webhook(database: Database) -> None:
    (created,) = await _add(database, replace(START, channel="webhook", document={"oncall": {"id": "primary"}}))
    assert (await _row(database, created)).body["document"] == {"oncall": {"id": "primary"}}


async def test_a_claim_counts_and_the_next_one_knows_that_it_is_in_doubt(database: Database) -> None:
    (created,) = await _add(database, START)
    first, second = await _claim(database, created), await _claim(database, created, now=20)
    assert first is not None
    assert second is not None
    assert (first.in_doubt, second.in_doubt, second.notice.attempts) == (False, True, 2)


async def test_a_notice_that_was_given_back_is_not_in_doubt(database: Database) -> None:
    (created,) = await _add(database, START)
    await _claim(database, created)
    async with database.write() as session:
        await notices.release(session, created, "Later.")
    again = await _claim(database, created)
    assert again is not None
    assert (again.in_doubt, again.notice.error) == (False, "Later.")


async def test_a_notice_that_is_no_news_any_more_ends_with_its_reason(database: Database) -> None:
    (created,) = await _add(database, START)
    assert await _claim(database, created, now=3600) is None
    row = await _row(database, created)
    assert (row.state, row.finished_at) == ("too_late", at(3600))
    assert row.error == f"It was news until {at(3600):%Y-%m-%d %H:%M} UTC, and could not be sent before."


async def test_a_stale_notice_that_may_have_gone_out_is_unknown(database: Database) -> None:
    (created,) = await _add(database, START)
    await _claim(database, created)
    assert await _claim(database, created, now=3600) is None
    assert (await _row(database, created)).state == "unknown"


async def test_a_notice_without_a_limit_is_sent_however_late(database: Database) -> None:
    (created,) = await _add(database, replace(START, stale_at=None))
    assert await _claim(database, created, now=10**7) is not None


async def test_a_sent_notice_is_not_claimed_again(database: Database) -> None:
    (created,) = await _add(database, START)
    await _claim(database, created)
    async with database.write() as session:
        await notices.set_sent(session, created, provider="twilio", provider_id="SM1", at=at(11))
    assert await _claim(database, created) is None
    row = await _row(database, created)
    assert (row.state, row.provider_id, row.sent_at) == ("sent", "SM1", at(11))
    assert await _unfinished(database) == []


async def test_a_receipt_that_is_faster_than_the_answer_keeps_its_state(database: Database) -> None:
    (created,) = await _add(database, START)
    await _claim(database, created)
    async with database.write() as session:
        await notices.set_received(session, created, NoticeState.DELIVERED, error=None, at=at(11))
        await notices.set_sent(session, created, provider="twilio", provider_id="SM1", at=at(12))
        await notices.set_received(session, created, NoticeState.FAILED, error="30003", at=at(13))
    row = await _row(database, created)
    assert (row.state, row.error, row.provider_id) == ("delivered", None, "SM1")


async def test_known_ids_are_those_of_notices_sent_since(database: Database) -> None:
    early, late = await _add(database, START, replace(START, about="ben"))
    async with database.write() as session:
        for notice_id, moment in ((early, 5), (late, 50)):
            await notices.claim(session, notice_id, at(moment))
            await notices.set_sent(session, notice_id, provider="p", provider_id=f"id{moment}", at=at(moment))
        assert await notices.provider_ids(session, since=at(20)) == {"id50"}


async def test_warnings_that_are_mended_are_not_sent_and_nothing_else_is_touched(database: Database) -> None:
    mended, still, start = await _add(database, WARNING, replace(WARNING, about="gap:2"), START)
    async with database.write() as session:
        await notices.suppress_warnings(session, PRIMARY, {"gap:2"}, at(9))
    assert (await _row(database, mended)).state == "suppressed"
    assert sorted(await _unfinished(database)) == sorted([still, start])


async def test_a_deleted_schedule_sends_nothing_more_and_leaves_what_is_being_sent(database: Database) -> None:
    waiting, under_way = await _add(database, START, replace(START, about="ben"))
    await _claim(database, under_way)
    async with database.write() as session:
        await notices.suppress(session, PRIMARY, "It was deleted.", at(9))
    assert (await _row(database, waiting)).state == "suppressed"
    assert await _unfinished(database) == [under_way]


async def test_old_notices_that_have_ended_are_forgotten_and_no_others(database: Database) -> None:
    (ended,) = await _add(database, START)
    (waiting,) = await _add(database, replace(START, about="ben"))
    (recent,) = await _add(database, replace(START, about="cleo"), now=20)
    (elsewhere,) = await _add(database, replace(START, topic=schedule_topic("second")))
    async with database.write() as session:
        for notice_id in (ended, recent, elsewhere):
            await notices.claim(session, notice_id, at(25))
            await notices.set_finished(session, notice_id, NoticeState.FAILED, error="refused", at=at(30))

        await notices.trim(session, PRIMARY, before=at(10))

    async with database.read() as session:
        kept = [each for each in (ended, waiting, recent, elsewhere) if await notices.get(session, each)]
    assert kept == [waiting, recent, elsewhere]


async def test_a_warning_that_was_mended_before_it_was_sent_is_sent_when_it_is_so_again(database: Database) -> None:
    (mended,) = await _add(database, WARNING)
    async with database.write() as session:
        await notices.suppress_warnings(session, PRIMARY, set(), at(9))
    assert await _add(database, replace(WARNING, text="Again."), now=20) == [mended]
    claimed = await _claim(database, mended, now=21)
    assert claimed is not None
    row = claimed.notice
    assert (claimed.in_doubt, row.body["text"], row.created_at, row.error, row.finished_at) == (
        False,
        "Again.",
        at(20),
        None,
        None,
    )


async def test_a_warning_that_was_told_and_mended_is_sent_when_it_is_so_again(database: Database) -> None:
    (told,) = await _add(database, WARNING)
    await _claim(database, told)
    async with database.write() as session:
        await notices.set_sent(session, told, provider="smtp", provider_id=None, at=at(11))
    assert await _add(database, WARNING, now=12) == []
    async with database.write() as session:
        await notices.note_mended(session, PRIMARY, set(), at(13))
    assert await _add(database, WARNING, now=20) == [told]
    assert await _claim(database, told, now=21) is not None


async def test_warnings_are_told_unless_they_were_suppressed(database: Database) -> None:
    sent, _ = await _add(database, WARNING, replace(WARNING, about="gap:2"))
    await _add(database, START)
    await _claim(database, sent)
    async with database.write() as session:
        await notices.set_sent(session, sent, provider="smtp", provider_id=None, at=at(11))
        assert len(await notices.told_warnings(session, PRIMARY)) == 2
        await notices.suppress_warnings(session, PRIMARY, set(), at(12))
        assert await notices.told_warnings(session, PRIMARY) == {Told("warning_week", "gap:1", "ana", "email")}


async def test_a_warning_that_was_told_keeps_since_when_it_is_mended(database: Database) -> None:
    (sent, other) = await _add(database, WARNING, replace(WARNING, about="gap:2"))
    for notice_id in (sent, other):
        await _claim(database, notice_id)
    async with database.write() as session:
        for notice_id in (sent, other):
            await notices.set_sent(session, notice_id, provider="smtp", provider_id=None, at=at(11))
        await notices.note_mended(session, PRIMARY, {"gap:2"}, at(12))
        await notices.note_mended(session, PRIMARY, {"gap:2"}, at(13))

        assert await notices.told_warnings(session, PRIMARY) == {
            Told("warning_week", "gap:1", "ana", "email", missing_since=at(12)),
            Told("warning_week", "gap:2", "ana", "email"),
        }


async def test_pages_go_from_the_newest_to_the_oldest(database: Database) -> None:
    for moment in range(3):
        await _add(database, replace(START, at=at(moment)), now=moment)
    async with database.read() as session:
        first = await notices.of_topic(session, PRIMARY, limit=2)
        rest = await notices.of_topic(session, PRIMARY, limit=2, cursor=first.next_cursor)
    assert [row.at for row in (*first.items, *rest.items)] == [at(2), at(1), at(0)]
    assert rest.next_cursor is None


async def test_a_cursor_of_another_list_is_refused(database: Database) -> None:
    async with database.read() as session:
        with pytest.raises(BadCursor):
            await notices.of_topic(session, PRIMARY, limit=2, cursor="WyJhIiwgImIiXQ==")


#: the hotline has the same key as the schedule of the other notices
OF_CALL = replace(START, topic=call_topic("primary"), kind=NoticeKind.CALL_MISSED, about="primary", channel="slack")


async def test_a_schedule_and_a_call_never_see_each_others_notices(database: Database) -> None:
    (of_schedule,), (of_call,) = await _add(database, START), await _add(database, OF_CALL)
    async with database.read() as session:
        assert list(await notices.unfinished(session, PRIMARY)) == [of_schedule]
        assert list(await notices.unfinished(session, OF_CALL.topic)) == [of_call]
        assert [row.id for row in (await notices.of_topic(session, PRIMARY, limit=9)).items] == [of_schedule]
        assert [row.id for row in (await notices.of_topic(session, OF_CALL.topic, limit=9)).items] == [of_call]


async def test_what_ends_the_notices_of_a_schedule_leaves_those_of_a_call(database: Database) -> None:
    (of_call,) = await _add(database, OF_CALL)
    async with database.write() as session:
        await notices.suppress(session, PRIMARY, "It was deleted.", at(9))
        await notices.trim(session, PRIMARY, before=at(9999))
        await notices.forget(session, PRIMARY)
    assert (await _row(database, of_call)).state == "pending"


async def test_forgotten_notices_are_not_sent_and_what_was_claimed_leaves_no_trace(database: Database) -> None:
    waiting, under_way = await _add(database, OF_CALL, replace(OF_CALL, channel="teams"))
    await _claim(database, under_way)
    async with database.write() as session:
        await notices.forget(session, OF_CALL.topic)
        await notices.set_sent(session, under_way, provider="teams", provider_id=None, at=at(11))
    assert await _claim(database, waiting) is None
    async with database.read() as session:
        assert (await notices.of_topic(session, OF_CALL.topic, limit=9)).items == ()


WATCH = Watch("ana", at(0), at(0), at(100))


async def test_a_watch_is_given_back_as_it_was_put(database: Database) -> None:
    async with database.write() as session:
        assert await shift_watches.put(session, "primary", WATCH, shift_watches.NEVER)
        assert await shift_watches.get(session, "primary") == shift_watches.StoredWatch(WATCH, 1)


async def test_of_two_looks_at_once_one_counts(database: Database) -> None:
    later = replace(WATCH, looked_at=at(0) + timedelta(minutes=1))
    async with database.write() as session:
        assert await shift_watches.put(session, "primary", WATCH, shift_watches.NEVER)
        assert not await shift_watches.put(session, "primary", later, shift_watches.NEVER)
        assert await shift_watches.put(session, "primary", later, 1)
        assert not await shift_watches.put(session, "primary", WATCH, 1)
        assert (await shift_watches.get(session, "primary")).watch == later


async def test_a_forgotten_schedule_begins_anew(database: Database) -> None:
    async with database.write() as session:
        await shift_watches.put(session, "primary", WATCH, shift_watches.NEVER)
        await shift_watches.forget(session, "primary")
        assert await shift_watches.get(session, "primary") == shift_watches.StoredWatch(None, shift_watches.NEVER)
