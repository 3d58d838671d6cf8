"""How a notice reads over each channel, whatever it tells of."""

from domain.instructions import Hangup, Say
from domain.notices import call_topic, message_of, schedule_topic, spoken_notice
from domain.outgoing import Message


def message(subject: str, text: str, topic: str = schedule_topic("primary")) -> Message:
    return message_of("ntc_1", topic, subject, text, to="a@b.example", answer_url="a", status_url="s")


def test_a_phone_notice_says_its_text_and_ends() -> None:
    said, end = spoken_notice("You are on call.")
    assert isinstance(said, Say)
    assert (said.text, end) == ("Dutyline notice. You are on call.", Hangup())


def test_names_cannot_break_out_of_an_e_mail() -> None:
    mail = message("a\r\nBcc: eve", "<b>")
    assert mail.subject == "a Bcc: eve"
    assert "<b>" not in mail.html


def test_each_line_is_a_paragraph_of_an_e_mail() -> None:
    assert "<p>answered</p><p>1. Ana Reyes: no answer</p>" in message("s", "answered\n1. Ana Reyes: no answer").html


def test_notices_of_one_topic_are_one_thread_and_a_call_is_no_schedule() -> None:
    threads = [message("s", "t", topic).thread for topic in (schedule_topic("a"), schedule_topic("a"), call_topic("a"))]
    assert threads[0] == threads[1] != threads[2]
