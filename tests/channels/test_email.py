"""E-mail over a real connection to a mail server on this machine."""

import datetime as dt
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.email import EmailChannel, Encryption, SmtpServer, parse_smtp_url
from domain.alerts import message_of
from domain.delivery import Refused, TryLater, Unknown
from tests.channels.builders import alert, message
from tests.support.smtp import HANG_UP, SmtpSink, smtp_sink

SENDER = "Dutyline <alerts@duty.example>"
ALERT = alert(to="ana@acme.example")
MAIL = message_of(ALERT)


def channel(sink: SmtpSink, url: str = "smtp://127.0.0.1:{port}") -> EmailChannel:
    return EmailChannel(parse_smtp_url(url.format(port=sink.port)), SENDER)


async def test_mail_arrives_with_subject_both_bodies_and_the_link() -> None:
    async with smtp_sink() as sink:
        await channel(sink).send(MAIL)
    (message,) = sink.messages
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert message["Subject"] == "[#42] P1 SEV2 Payment API is down"
    assert message["To"] == "ana@acme.example"
    assert message["From"] == SENDER
    assert ALERT.link in text.get_content()
    assert ALERT.link in html.get_content()


async def test_a_retry_has_the_same_message_id_so_that_a_copy_is_recognised() -> None:
    async with smtp_sink() as sink:
        first = await channel(sink).send(MAIL)
        second = await channel(sink).send(MAIL)
    assert first == second
    assert [message["Message-ID"] for message in sink.messages] == ["<ntf_1@duty.example>"] * 2
    assert first.provider_id == "<ntf_1@duty.example>"


async def test_a_title_cannot_add_headers() -> None:
    async with smtp_sink() as sink:
        await channel(sink).send(message(to="ana@acme.example", title="Down\r\nBcc: eve@evil.example\r\n\r\nbody"))
    assert sink.messages[0]["Bcc"] is None
    assert sink.messages[0]["Subject"] == "[#42] P1 SEV2 Down Bcc: eve@evil.example body"


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@acme.example\r\nBcc: eve@evil.example", "ana@acme.example, eve@evil.example", "a@b@c", "@"],
)
async def test_an_address_that_is_not_one_is_refused_before_connecting(address: str) -> None:
    async with smtp_sink() as sink:
        with pytest.raises(Refused) as refusal:
            await channel(sink).send(message(to=address))
    assert refusal.value.code == "invalid_address"
    assert sink.recipients == []


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
async def test_an_answer_that_asks_for_patience_is_surely_not_processed(command: str) -> None:
    async with smtp_sink({command: "451 try later"}) as sink:
        if command == "EHLO":
            sink.answers = {"EHLO": "451 try later", "HELO": "451 try later"}
        with pytest.raises(TryLater):
            await channel(sink).send(MAIL)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_a_refusal_is_permanent_and_carries_the_servers_code(command: str) -> None:
    async with smtp_sink({command: "550 no such user"}) as sink:
        with pytest.raises(Refused) as refusal:
            await channel(sink).send(MAIL)
    assert refusal.value.code == "550"
    assert "no such user" in refusal.value.sentence


async def test_a_server_that_is_not_there_is_surely_not_processed() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TryLater):
        await EmailChannel(parse_smtp_url(f"smtp://127.0.0.1:{port}"), SENDER).send(MAIL)


async def test_a_connection_lost_before_the_hand_over_is_surely_not_processed() -> None:
    async with smtp_sink({"CONNECT": HANG_UP}) as sink:
        with pytest.raises(TryLater):
            await channel(sink).send(MAIL)


async def test_a_connection_lost_after_the_message_leaves_the_outcome_unknown() -> None:
    async with smtp_sink({".": HANG_UP}) as sink:
        with pytest.raises(Unknown):
            await channel(sink).send(MAIL)
    assert len(sink.messages) == 1


async def test_a_connection_lost_at_the_farewell_is_a_sent_mail() -> None:
    async with smtp_sink({"QUIT": HANG_UP}) as sink:
        await channel(sink).send(MAIL)
    assert len(sink.messages) == 1


async def test_user_and_password_sign_in() -> None:
    async with smtp_sink() as sink:
        await channel(sink, "smtp://ana%40acme:p%3Aw@127.0.0.1:{port}").send(MAIL)
    assert sink.logins == [("ana@acme", "p:w")]


async def test_wrong_credentials_are_permanent() -> None:
    async with smtp_sink({"AUTH": "535 bad credentials"}) as sink:
        with pytest.raises(Refused) as refusal:
            await channel(sink, "smtp://ana:pw@127.0.0.1:{port}").send(MAIL)
    assert refusal.value.code == "535"


async def test_required_starttls_that_is_not_offered_is_refused_before_the_password_is_told() -> None:
    async with smtp_sink() as sink:
        with pytest.raises(Refused) as refusal:
            await channel(sink, "smtp://ana:pw@127.0.0.1:{port}?starttls=required").send(MAIL)
    assert refusal.value.code == "smtp_unsuitable"
    assert sink.logins == []


async def test_starttls_encrypts_the_sign_in(tmp_path: Path) -> None:
    serving, trusting = certificates(tmp_path)
    async with smtp_sink(tls=serving) as sink:
        server = parse_smtp_url(f"smtp://ana:pw@127.0.0.1:{sink.port}?starttls=required")
        await EmailChannel(server, SENDER, trusting).send(MAIL)
    assert sink.encrypted
    assert sink.logins == [("ana", "pw")]
    assert len(sink.messages) == 1


async def test_a_certificate_that_is_not_trusted_gets_no_password(tmp_path: Path) -> None:
    serving, _ = certificates(tmp_path)
    async with smtp_sink(tls=serving) as sink:
        server = parse_smtp_url(f"smtp://ana:pw@127.0.0.1:{sink.port}?starttls=required")
        with pytest.raises(TryLater):
            await EmailChannel(server, SENDER).send(MAIL)
    assert sink.logins == []


async def test_nothing_can_be_asked_back_so_a_retry_is_a_marked_copy() -> None:
    async with smtp_sink() as sink:
        assert await channel(sink).find_sent(MAIL, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), frozenset()) is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25, Encryption.OPPORTUNISTIC)),
        ("smtp://u:p@mail.example", SmtpServer("mail.example", 587, Encryption.STARTTLS, "u", "p")),
        ("smtp://u:p@mail.example:25?starttls=never", SmtpServer("mail.example", 25, Encryption.NONE, "u", "p")),
        ("smtp://localhost:1025", SmtpServer("localhost", 1025, Encryption.OPPORTUNISTIC)),
        ("smtps://u:p@mail.example", SmtpServer("mail.example", 465, Encryption.TLS, "u", "p")),
    ],
)
def test_smtp_addresses_are_read_with_safe_defaults(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://u:hunter2@x", "smtp://u:hunter2@", "smtp://u:hunter2@x:port"]
)
def test_a_bad_smtp_address_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_smtp_url(url)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The context of a server for 127.0.0.1, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pem)
    return serving, ssl.create_default_context(cafile=str(pem))
