"""Codes that prove a phone, as text messages."""

import httpx2

from channels.registry import alert_account
from domain.delivery import Refused
from domain.directory import Directory
from telephony.rest import carrier_rest


async def send_code(client: httpx2.AsyncClient, directory: Directory, to: str, code: str, callback_url: str) -> None:
    """Over the account that alerts are sent with. Raises the errors of :mod:`domain.delivery`; nothing is retried."""
    account = alert_account(directory.carriers)
    if account is None:
        raise Refused("not_set_up", "No carrier account with a from_number is set up: add one under carriers.")
    organization = f" for {directory.organization}" if directory.organization else ""
    body = f"{code} is your Dutyline code{organization}. It is good for ten minutes. Nobody will ask you for it."
    await carrier_rest(account.provider, client).send_sms(account, account.from_number or "", to, body, callback_url)
