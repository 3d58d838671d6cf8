"""E-mail over SMTP."""

import re
import ssl
from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, parseaddr
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from domain.delivery import DeliveryError, Refused, Sent, TryLater, Unknown
from domain.outgoing import Message

_PROVIDER = "smtp"
_TIMEOUT_SECONDS = 20.0
_FAREWELL_SECONDS = 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_URL_FORM = "The SMTP address must look like smtp://user:password@host:587 or smtps://user:password@host:465."


class Encryption(StrEnum):
    """How a connection is protected. In an address: ``smtps://``, or ``?starttls=required|never`` after ``smtp://``."""

    TLS = "tls"
    STARTTLS = "starttls"
    #: STARTTLS when the server offers it
    OPPORTUNISTIC = "opportunistic"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    encryption: Encryption
    username: str | None = None
    password: str | None = None


def parse_smtp_url(url: str) -> SmtpServer:
    """Read ``smtp[s]://[user:password@]host[:port][?starttls=required|never]``; user and password percent-encoded.

    With a password STARTTLS is required unless the address says otherwise or the server is this machine. Raises
    ``ValueError`` with a sentence that does not repeat the address, for it holds the password.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(_URL_FORM) from None
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise ValueError(_URL_FORM)
    has_password = parts.password is not None
    encryption = _encryption(parts.scheme, parts.query, has_password and host not in _LOOPBACK)
    return SmtpServer(
        host,
        port or (465 if encryption is Encryption.TLS else 587 if has_password else 25),
        encryption,
        unquote(parts.username) if parts.username and has_password else None,
        unquote(parts.password) if parts.password is not None else None,
    )


def _encryption(scheme: str, query: str, must_protect: bool) -> Encryption:
    if scheme == "smtps":
        return Encryption.TLS
    match parse_qs(query).get("starttls"):
        case ["required"]:
            return Encryption.STARTTLS
        case ["never"]:
            return Encryption.NONE
        case None:
            return Encryption.STARTTLS if must_protect else Encryption.OPPORTUNISTIC
        case _:
            raise ValueError("starttls in the SMTP address is either required or never.")


class EmailChannel:
    """One connection per message: messages are rare, and a kept connection is the one that is dead when it counts."""

    def __init__(self, server: SmtpServer, sender: str, tls_context: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._tls_context = tls_context

    async def send(self, message: Message) -> Sent:
        mail = _compose(message, self._sender)
        client = self._client()
        try:
            await _connect(client)
            await _hand_over(client, mail)
            with suppress(aiosmtplib.SMTPException, OSError):  # the mail is out, however the farewell goes
                await client.quit(timeout=_FAREWELL_SECONDS)
        finally:
            client.close()
        return Sent(_PROVIDER, str(mail["Message-ID"]))

    async def find_sent(self, message: Message, since: datetime, known_ids: Set[str]) -> Sent | None:
        """A mail server cannot be asked. A second copy has the same Message-ID, so mailboxes can tell it is one."""
        return None

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.username,
            password=self._server.password,
            timeout=_TIMEOUT_SECONDS,
            use_tls=self._server.encryption is Encryption.TLS,
            start_tls=_START_TLS[self._server.encryption],
            tls_context=self._tls_context,
            # Without it the client asks the resolver for this machine's name, which can take longer than the mail.
            local_hostname=_domain(self._sender),
        )


_START_TLS: dict[Encryption, bool | None] = {
    Encryption.TLS: False,
    Encryption.STARTTLS: True,
    Encryption.OPPORTUNISTIC: None,
    Encryption.NONE: False,
}


async def _connect(client: aiosmtplib.SMTP) -> None:
    """Connect, encrypt and sign in. Nothing is handed over yet, so no failure here leaves a doubt."""
    try:
        await client.connect()
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code, error.message) from error
    except (
        aiosmtplib.SMTPConnectError,
        aiosmtplib.SMTPServerDisconnected,
        aiosmtplib.SMTPTimeoutError,
        OSError,
    ) as error:
        raise TryLater(f"The mail server could not be reached ({type(error).__name__}).") from error
    except (aiosmtplib.SMTPException, ValueError) as error:
        raise Refused("smtp_unsuitable", f"The mail server does not offer what is needed: {error}") from error


async def _hand_over(client: aiosmtplib.SMTP, mail: EmailMessage) -> None:
    try:
        await client.send_message(mail)
    except aiosmtplib.SMTPRecipientsRefused as error:
        refusal = error.recipients[0]
        raise _answered(refusal.code, refusal.message) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _answered(error.code, error.message) from error
    except aiosmtplib.SMTPNotSupported as error:
        raise Refused("smtp_unsuitable", f"The mail server does not offer what is needed: {error}") from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unknown(
            f"The connection to the mail server broke before it confirmed ({type(error).__name__})."
        ) from error
    except ValueError as error:
        raise Refused("invalid_address", "The e-mail address cannot be used.") from error


def _answered(code: int, message: str) -> DeliveryError:
    """The meaning of an SMTP answer (RFC 5321 section 4.2.1): 4xx may work later, 5xx will not. Neither was taken."""
    detail = " ".join(message.split())[:200]
    if code < 500:
        return TryLater(f"The mail server asks to try later ({code} {detail}).")
    return Refused(str(code), f"The mail server refused the message ({code} {detail}).")


def _compose(message: Message, sender: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    domain = _domain(sender)
    try:
        mail["From"] = sender
        mail["To"] = Address(addr_spec=message.to)
        mail["Subject"] = message.subject
        # The same message always has the same id: a copy from a retry is recognised as one.
        mail["Message-ID"] = f"<{_id_part(message.id)}@{domain}>"
        # All messages of a thread belong together, although the first one of it never existed.
        mail["References"] = f"<{_id_part(message.thread)}@{domain}>"
    except (ValueError, HeaderParseError, IndexError) as error:
        raise Refused("invalid_address", "The e-mail address or the sender cannot be used.") from error
    mail["Date"] = formatdate(usegmt=True)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    return mail


def _domain(sender: str) -> str:
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return domain if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else "localhost"


def _id_part(identifier: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", identifier)
