"""What an alert says, whatever the title."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import gsm
from domain.alerts import (
    MAX_SPOKEN_CHARACTERS,
    MAX_SUBJECT_CHARACTERS,
    MENU_TIMES,
    ActionResult,
    AlertAction,
    action_for_key,
    alert_document,
    confirmation_document,
    email_html,
    email_subject,
    email_text,
    sms_text,
    spoken_text,
    wrong_key_document,
)
from domain.instructions import Hangup, Menu, Say
from tests.channels.builders import alert

titles = st.text(max_size=700) | st.text(alphabet="aé€[😀 —", max_size=700)


def test_sms_carries_number_priority_severity_title_and_link() -> None:
    assert sms_text(alert()) == "#42 P1 SEV2: Payment API is down\nhttps://duty.example/incidents/42"


@given(titles)
def test_sms_fits_two_segments_and_never_shortens_number_or_link(title: str) -> None:
    text = sms_text(alert(title=title))
    assert gsm.segments(text) <= 2
    assert text.startswith("#42 P1 SEV2: ")
    assert text.endswith("\nhttps://duty.example/incidents/42")


def test_sms_uses_the_room_of_two_segments_before_it_shortens() -> None:
    assert gsm.segments(sms_text(alert(title="x" * 500))) == 2
    assert len(sms_text(alert(title="x" * 500))) == 306


def test_a_typographic_title_does_not_halve_the_message() -> None:
    assert gsm.segments(sms_text(alert(title="Disk “full” — 95 % on ‘db’… " + "x" * 60))) == 1


def test_a_link_that_fills_two_segments_is_kept_whole_with_the_start_of_the_title() -> None:
    link = "https://duty.example/" + "x" * 300
    text = sms_text(alert(title="Payment API is down in every region", link=link))
    assert text == f"#42 P1 SEV2: Payment API is down...\n{link}"


def test_an_incident_without_title_priority_and_severity_still_makes_a_message() -> None:
    assert sms_text(alert(title="\n", priority=None, severity=None)).startswith("#42: (no title)\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 153, 3)],
        *[("я" * 70, 1), ("я" * 71, 2), ("я" * 134, 2), ("я" * 135, 3)],
        *[("😀" * 35, 1), ("😀" * 66, 2), ("😀" * 67, 3)],
    ],
)
def test_segments_are_counted_as_carriers_bill_them(text: str, expected: int) -> None:
    assert gsm.segments(text) == expected


@given(titles, st.text(max_size=300))
def test_spoken_text_stays_in_its_limit_and_always_names_the_keys(title: str, service: str) -> None:
    text = spoken_text(alert(title=title, service=service))
    assert len(text) <= MAX_SPOKEN_CHARACTERS
    assert text.endswith("Press 4 to acknowledge, 6 to resolve, 9 to escalate.")
    assert text.isprintable()


def test_alert_call_says_service_number_and_title() -> None:
    assert spoken_text(alert()) == (
        "Dutyline alert for Payments. Incident 42, priority 1, severity 2. Payment API is down. "
        "Press 4 to acknowledge, 6 to resolve, 9 to escalate."
    )


def test_alert_call_is_a_menu_that_is_said_twice() -> None:
    (menu,) = alert_document(alert())
    assert isinstance(menu, Menu)
    assert menu.times == MENU_TIMES == 2


@given(titles)
def test_a_wrong_key_repeats_the_menu_once_within_the_same_limit(title: str) -> None:
    (menu,) = wrong_key_document(alert(title=title), prompts_said=1)
    assert isinstance(menu, Menu)
    assert menu.times == 1
    assert [len(said.text) <= MAX_SPOKEN_CHARACTERS for said in menu.prompt if isinstance(said, Say)] == [True]


def test_another_wrong_key_ends_the_call_and_says_that_the_alert_stays_open() -> None:
    said, end = wrong_key_document(alert(), prompts_said=2)
    assert isinstance(said, Say)
    assert "stays open" in said.text
    assert end == Hangup()


@pytest.mark.parametrize(
    ("digits", "action"),
    [
        *[("4", AlertAction.ACKNOWLEDGE), ("6#", AlertAction.RESOLVE), (" 9", AlertAction.ESCALATE)],
        *[(odd, None) for odd in ("", "1", "44", "#", "four", "hangup", "４")],
    ],
)
def test_only_four_six_and_nine_act(digits: str, action: AlertAction | None) -> None:
    assert action_for_key(digits) is action


def test_confirmation_never_claims_what_was_not_stored() -> None:
    failed = confirmation_document(AlertAction.ACKNOWLEDGE, ActionResult.FAILED, 42)
    done = confirmation_document(AlertAction.ACKNOWLEDGE, ActionResult.DONE, 42)
    already = confirmation_document(AlertAction.RESOLVE, ActionResult.ALREADY, 42)
    assert [step.text for doc in (failed, done, already) for step in doc if isinstance(step, Say)] == [
        "Sorry, incident 42 could not be acknowledged. Please use the dashboard. Goodbye.",
        "Incident 42 acknowledged. Goodbye.",
        "Incident 42 was already resolved. Goodbye.",
    ]


@given(titles)
def test_subject_is_one_bounded_line(title: str) -> None:
    subject = email_subject(alert(title=title))
    assert len(subject) <= MAX_SUBJECT_CHARACTERS
    assert subject.isprintable()
    assert subject.startswith("[#42] P1 SEV2 ")


def test_mail_carries_all_facts_and_the_link_as_text() -> None:
    text = email_text(alert())
    for fact in ("Ana Reyes", "Payment API is down", "#42", "P1", "SEV2", "Payments", alert().link):
        assert fact in text


def test_html_mail_escapes_what_came_from_outside() -> None:
    html = email_html(alert(title="<script>alert(1)</script>", service="<b>", user_name="<i>", link="https://x/'><u>"))
    for tag in ("<script>", "<b>", "<i>", "<u>"):
        assert tag not in html
