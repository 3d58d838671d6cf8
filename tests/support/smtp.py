"""A mail server for tests: takes messages on 127.0.0.1 and answers, hangs up or encrypts as it is told."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

HANG_UP = "hang up"


@dataclass
class SmtpSink:
    """What arrived. ``answers`` overrides the answer to a command (or to ``.``, the end of a message), or hangs up."""

    port: int = 0
    answers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.get("CONNECT", "220 sink")
        while answer != HANG_UP:
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            if answer.startswith("220 go") and self.tls:
                await writer.start_tls(self.tls)
                self.encrypted = True
            if answer.startswith("354"):
                self._store(await reader.readuntil(b"\r\n.\r\n"))
                answer = self.answers.get(".", "250 taken")
                continue
            line = (await reader.readline()).decode().strip()
            if not line:
                return
            answer = self.answers.get(line.split()[0].upper()) or self._answer(line)

    def _answer(self, line: str) -> str:
        command, _, rest = line.partition(" ")
        match command.upper():
            case "EHLO":
                return "250-sink\r\n250-AUTH PLAIN" + (
                    "\r\n250 STARTTLS" if self._may_upgrade() else "\r\n250 8BITMIME"
                )
            case "STARTTLS":
                return "220 go ahead"
            case "AUTH":
                _, name, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                self.logins.append((name, password))
                return "235 welcome"
            case "QUIT":
                return "221 bye"
            case "RCPT":
                self.recipients.append(rest)
                return "250 ok"
            case "DATA":
                return "354 go on"
            case _:
                return "250 ok"

    def _may_upgrade(self) -> bool:
        return self.tls is not None and not self.encrypted

    def _store(self, data: bytes) -> None:
        message = message_from_bytes(data.removesuffix(b".\r\n"), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)


@asynccontextmanager
async def smtp_sink(
    answers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None, port: int = 0
) -> AsyncIterator[SmtpSink]:
    sink = SmtpSink(answers=answers or {}, tls=tls)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port)
    sink.port = server.sockets[0].getsockname()[1]
    async with server:
        yield sink
