"""Somebody else's webhooks that are told of shifts.

``POST`` and ``PUT`` carry the document as JSON. ``GET`` has no body: it carries the same fields as query parameters
that are named by their path, such as ``oncall.shift.start``; a field without a value is left out. The header
``Dutyline-Notice`` is the same at every try, so that a receiver can tell a repetition.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from channels.outward import request
from domain.delivery import Sent
from domain.directory import ShiftWebhook, WebhookMethod

NOTICE_HEADER = "Dutyline-Notice"
_PROVIDER = "webhook"


async def send_to_webhook(
    client: httpx2.AsyncClient, webhook: ShiftWebhook, notice_id: str, document: Mapping[str, Any]
) -> Sent:
    """One request, not retried here; ``client`` is a guarded one. Sending again is safe by the header. Raises the
    errors of :mod:`domain.delivery`."""
    headers = {NOTICE_HEADER: notice_id}
    what = f"The webhook {webhook.key}"
    if webhook.method is WebhookMethod.GET:
        await request(client, what, "GET", webhook.url, headers=headers, query=dict(_flat(document)))
    else:
        await request(client, what, webhook.method, webhook.url, headers=headers, json=document)
    return Sent(_PROVIDER, notice_id)


def _flat(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{name}.")
        elif value is not None:
            yield f"{path}{name}", str(value)
