"""incident.io's webhooks for tests: documents as it sends them, signed by the standard's own library."""

import json
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_aW5jaWRlbnQuaW8gc2lnbnMgd2l0aCB0aGlz"
OTHER_SECRET = "whsec_c29tZWJvZHkgZWxzZSBzaWducyB3aXRoIHRoaXM="

CREATED = "public_incident.incident_created_v2"
UPDATED = "public_incident.incident_updated_v2"
STATUS_UPDATED = "public_incident.incident_status_updated_v2"


def incident(**fields: Any) -> dict[str, Any]:
    defaults = {
        "created_at": "2026-01-05T10:59:57.801578Z",
        "id": "01JGVAG4SAP5TYPT98WGR2N7W9",
        "incident_status": {"id": "01JGVNDV6P870EA6S7TK1DSYD5", "name": "Triage", "category": "triage"},
        "name": "Payments are down",
        "permalink": "https://app.incident.io/acme/incidents/123",
        "reference": "INC-123",
        "severity": {"id": "01JGVNDV6P870EA6S7TK1DSYDG", "name": "Minor"},
        "summary": "Cards are declined.",
        "updated_at": "2026-01-05T10:59:57.801578Z",
        "visibility": "public",
    }
    return defaults | fields


def status(name: str, category: str | None = None) -> dict[str, Any]:
    return {"id": "01JGVNDV6P870EA6S7TK1DSYD5", "name": name} | ({} if category is None else {"category": category})


def webhook(event_type: str = CREATED, **fields: Any) -> dict[str, Any]:
    return {"event_type": event_type, event_type: incident(**fields)}


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def signed(body: bytes, at: datetime, *, webhook_id: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery."""
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body.decode()),
    }


def by_svix(headers: dict[str, str]) -> dict[str, str]:
    """The same headers by their other names."""
    return {name.replace("webhook-", "svix-"): value for name, value in headers.items()}
