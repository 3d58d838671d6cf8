"""Settings that nothing could work with are refused at the start."""

from ipaddress import ip_network

import pytest

from channels.email import parse_smtp_url
from config.settings import Settings, UnusableSetting


@pytest.mark.parametrize(
    "url",
    [
        "mail.acme.example:587",
        "http://mail.acme.example",
        "smtp://",
        "smtp://bot:hush@mail.acme.example:port",
        "smtp://bot:hush@mail.acme.example:99999",
        "smtp://[mail.acme.example",
        "smtp://mail.acme.example?starttls=sometimes",
    ],
)
def test_mail_server_that_cannot_be_read_is_refused_in_words_without_the_password(url: str) -> None:
    with pytest.raises(UnusableSetting, match="DUTYLINE_SMTP_URL cannot be used") as refusal:
        Settings(smtp_url=url)
    assert "hush" not in str(refusal.value)
    with pytest.raises(ValueError, match=r"SMTP address"):
        parse_smtp_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://127.0.0.1:25",
        "smtps://bot:hush%40@mail.acme.example",
        "smtps://mail.acme.example?starttls=sometimes",
        "smtp://mail.acme.example?starttls=never",
    ],
)
def test_what_the_mail_channel_can_read_is_accepted(url: str) -> None:
    assert Settings(smtp_url=url).smtp_url == url
    assert parse_smtp_url(url)


def test_no_mail_server_is_no_fault() -> None:
    assert Settings(smtp_url="").smtp_url == ""


def test_networks_that_may_be_reached_are_read_from_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTYLINE_EGRESS_ALLOW", "10.20.0.0/16, fd12:3456::/32")
    assert Settings().egress_allow == (ip_network("10.20.0.0/16"), ip_network("fd12:3456::/32"))


@pytest.mark.parametrize("networks", ["10.20.0.0/33", "10.20.0.5/16", "mail.acme.example", "10.0.0.0/8;fd00::/8"])
def test_network_that_cannot_be_read_is_refused(networks: str) -> None:
    with pytest.raises(UnusableSetting, match="DUTYLINE_EGRESS_ALLOW cannot be used"):
        Settings(egress_allow=networks)
