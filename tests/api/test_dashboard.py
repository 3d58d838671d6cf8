"""The pages: what they show, that buttons work without a script, and that nothing foreign runs in them."""

import re
from collections.abc import Callable

from api.sign_in import sign_in_link
from domain.notices import Notice, NoticeKind, call_topic
from storage import hotline_state, notices
from storage.call_recordings import RecordingState
from storage.incidents import IncidentStep, append_timeline
from storage.notices import NoticeState
from tests.api.house import NOON, PUBLIC_URL, House, a_call


async def _link(house: House, user: str = "ben") -> str:
    address = await sign_in_link(house.services.database, house.services.settings, user)
    return address.removeprefix(PUBLIC_URL)


async def test_stranger_is_sent_to_the_sign_in_page(house: House) -> None:
    await house.open_incident()
    for path in ("/", "/incidents/inc_a", "/calls/call_a"):
        answer = await house.client().get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_opening_a_sign_in_link_changes_nothing_and_its_button_signs_in_once(house: House) -> None:
    link = await _link(house)

    browser, scanner = house.client(), house.client()

    for _ in range(2):
        assert (await scanner.get(link)).status_code == 200
    signed_in = await browser.post(link)
    again = await scanner.post(link)

    assert (signed_in.status_code, signed_in.headers["location"], again.status_code) == (303, "/", 403)
    assert (await browser.get("/")).status_code == 200


async def test_cookie_is_out_of_reach_for_scripts_and_other_sites(house: House) -> None:
    cookie = (await house.client().post(await _link(house))).headers["set-cookie"].lower()

    assert {"httponly", "samesite=lax", "secure", "path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_link_of_a_user_who_does_not_exist_signs_nobody_in(house: House) -> None:
    assert (await house.client().post(await _link(house, "zoe"))).status_code == 403


async def test_signed_out_browser_is_a_stranger(house: House) -> None:
    browser = await house.sign_in("ben")
    secret = browser.cookies["dutyline_session"]

    await browser.post("/sign-out")

    browser.cookies.set("dutyline_session", secret)
    assert (await browser.get("/")).status_code == 303


async def test_home_shows_incidents_calls_who_is_on_call_and_who_would_ring(house: House) -> None:
    await house.open_incident()
    await house.log_call()

    text = (await (await house.sign_in("ben")).get("/")).text

    for shown in ("Disk full on a", "Mitchell Starc", "Ana Reyes", "layer Weekly", "On-call hotline", "+12245550123"):
        assert shown in text


async def test_home_of_an_empty_house_has_words_instead_of_tables(house: House) -> None:
    text = (await (await house.sign_in("ben")).get("/")).text

    assert "Nothing is open." in text
    assert "Nobody has called yet." in text


async def test_hostile_title_stays_text(house: House) -> None:
    await house.open_incident(title="<script>alert(1)</script>")
    browser = await house.sign_in("ben")

    for path in ("/", "/incidents/inc_a"):
        assert "<script>alert" not in (await browser.get(path)).text


async def test_buttons_acknowledge_and_resolve(house: House) -> None:
    await house.open_incident()
    browser = await house.sign_in("ben")

    from_home = await browser.post("/incidents/inc_a/acknowledge?from=home")
    from_page = await browser.post("/incidents/inc_a/resolve")

    assert (from_home.headers["location"], from_page.headers["location"]) == ("/", "/incidents/inc_a")
    incident = (await browser.get("/api/v1/incidents/inc_a")).json()
    assert (incident["status"], incident["acknowledged_by"]) == ("resolved", "ben")


async def test_button_that_came_too_late_shows_the_incident_as_it_is(house: House) -> None:
    await house.open_incident()
    browser = await house.sign_in("ben")
    await browser.post("/incidents/inc_a/resolve")

    assert (await browser.post("/incidents/inc_a/acknowledge")).status_code == 303


async def test_viewer_sees_no_buttons_and_cannot_press_them(house: House) -> None:
    await house.open_incident()
    await house.as_("manager").put("/api/v1/users/vic", json={"name": "Vic", "role": "viewer"})
    browser = await house.sign_in("vic")

    assert "/acknowledge" not in (await browser.get("/")).text
    assert (await browser.post("/incidents/inc_a/acknowledge")).status_code == 403


async def test_incident_page_shows_timeline_and_its_workflow(house: House) -> None:
    await house.open_incident()
    async with house.services.database.write() as session:
        await append_timeline(session, "inc_a", IncidentStep(house.clock(), "note", "Rebooting it"))

    text = (await (await house.sign_in("ben")).get("/incidents/1")).text

    assert "Rebooting it" in text
    assert "http://127.0.0.1:8233/namespaces/default/workflows/incident-inc_a" in text


async def test_call_page_shows_the_steps_a_player_and_its_workflow(house: House) -> None:
    await house.store_recording(await house.log_call(), b"audio")

    text = (await (await house.sign_in("ben")).get("/calls/call_a")).text

    assert "Ana Reyes took the call" in text
    assert '<audio controls preload="none" src="/api/v1/calls/call_a/recording?id=rec_a">' in text
    assert "http://127.0.0.1:8233/namespaces/default/workflows/call-twilio-CAa" in text
    assert "+15550100001" not in text, "somebody else's phone"


async def test_call_page_shows_who_was_told_and_what_became_of_it(house: House) -> None:
    await house.log_call()
    text_message = Notice(
        topic=call_topic("call_a"),
        kind=NoticeKind.CALL_ANSWERED,
        about="support",
        at=NOON,
        recipient="+15550100001",
        channel="sms",
        subject="On-call hotline: answered by <b>Ana</b>",
        text="On-call hotline: answered by <b>Ana</b>",
    )
    async with house.services.database.write() as session:
        (told,) = await notices.add(session, [text_message], NOON)
        await notices.claim(session, told, NOON)
        await notices.set_finished(session, told, NoticeState.TOO_LATE, error="It was news until 13:00.", at=NOON)

    for_admin = (await (await house.sign_in("ana")).get("/calls/call_a")).text
    for_others = (await (await house.sign_in("ben")).get("/calls/call_a")).text

    for shown in ("+15550100001", "too late", "It was news until 13:00.", "answered by &lt;b&gt;Ana"):
        assert shown in for_admin
    assert "+1555…01" in for_others
    assert "It was news until 13:00." not in for_others


async def test_call_page_of_a_hotline_that_tells_nobody_has_no_table_for_it(house: House) -> None:
    await house.log_call()

    assert "Who was told" not in (await (await house.sign_in("ben")).get("/calls/call_a")).text


async def test_call_page_says_what_to_do_about_missing_credentials(house: House) -> None:
    await house.store_recording(await house.log_call(), b"", state=RecordingState.NEEDS_CREDENTIALS)

    text = (await (await house.sign_in("ben")).get("/calls/call_a")).text

    assert "The carrier asks for a password." in text
    assert "<audio" not in text


async def test_one_tap_opens_the_incident_that_the_hotline_would_open_and_only_one(house: House) -> None:
    await house.log_call(test=True)
    browser = await house.sign_in("ben")
    assert "Open an incident" in (await browser.get("/calls/call_a")).text

    first = await browser.post("/calls/call_a/incident")
    again = await browser.post("/calls/call_a/incident")

    assert first.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    incident = (await browser.get(f"/api/v1{first.headers['location']}")).json()
    assert incident["title"] == "On-call hotline: Call from (+14156040016) (33s)"
    assert (incident["priority"], incident["severity"], incident["call"]) == ("p1", "sev1", "call_a")
    assert incident["payload"]["teams"] == ["devops"]
    assert "Open an incident" not in (await browser.get("/calls/call_a")).text


async def test_one_tap_names_a_caller_that_is_no_number_as_the_hotline_does(house: House) -> None:
    await house.log_call(caller_number=None, body=a_call("a").body | {"caller": {"raw": "front-desk"}})
    browser = await house.sign_in("ben")

    opened = await browser.post("/calls/call_a/incident")

    incident = (await browser.get(f"/api/v1{opened.headers['location']}")).json()
    assert incident["title"] == "On-call hotline: Call from (front-desk) (33s)"


async def test_times_are_in_the_zone_of_the_one_who_looks(house: House) -> None:
    await house.open_incident()

    assert "2026-01-05 12:00:00 CET" in (await (await house.sign_in("ben")).get("/incidents/1")).text


async def test_pages_load_and_run_nothing_from_elsewhere(house: House) -> None:
    await house.open_incident()
    browser = await house.sign_in("ben")
    loads: Callable[[str], list[str]] = re.compile(r'(?:src|href)="(https?:[^"]*)"').findall

    for path in ("/", "/incidents/inc_a", "/sign-in", "/sign-in/x", "/nothing", "/static/refresh.js"):
        answer = await browser.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert [each for each in loads(answer.text) if "8233" not in each] == []
        assert not re.search(r"<script(?! src=)|style=| on\w+=", answer.text)


async def test_missing_page_is_404_with_a_sentence(house: House) -> None:
    browser = await house.sign_in("ben")
    for path in ("/nothing", "/incidents/inc_nobody", "/calls/call_nobody", "/incidents/a/b/c"):
        answer = await browser.get(path)
        assert answer.status_code == 404
        assert "<h1>" in answer.text
    assert (await browser.post("/incidents/inc_a/explode")).status_code == 404
    assert (await browser.post("/incidents/inc_a/resolve")).status_code == 404


async def test_hotline_whose_carrier_never_says_that_a_call_is_over_says_so(house: House) -> None:
    browser = await house.sign_in("ben")
    async with house.services.database.write() as session:
        await hotline_state.pin(session, "support", "AC1", "+12245550123")
    before = (await browser.get("/")).text
    async with house.services.database.write() as session:
        await hotline_state.note_hangup(session, "support")

    assert "never told us that a call was over" in before
    assert "never told us that a call was over" not in (await browser.get("/")).text
