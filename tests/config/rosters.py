"""A configuration with everything that tells people, rooms and others of shifts, and says who is away."""

ROSTERS = """\
users:
  ana:
    name: Ana Reyes
    email: ana@acme.example
    phone: +15550100001
    timezone: Europe/Madrid
    out_of_office:
      - {starts: 2026-08-01, ends: 2026-08-15, delegate: ben, comment: "summer, $${NOT_A_VARIABLE}"}
      - {starts: "2026-12-24T18:00", ends: "2026-12-27T09:00+01:00"}
    shift_notices:
      start: [sms, email]
      end: [email]
      changes: [phone]
      schedules: {primary: {start: [phone], end: []}}
  ben: {name: Ben Okafor, email: ben@acme.example, phone: +15550100002}
schedules:
  primary:
    name: Primary on-call
    timezone: Europe/Madrid
    layers: [{name: Weekly, members: [ana, ben], handoff: {weekday: monday}, starts: 2026-01-05}]
    owners: [ben]
    rooms:
      - {channel: slack, to: "#ops", events: [start]}
      - {channel: email, to: desk@acme.example}
rooms:
  ops: {channel: slack, to: "#ops", url: "https://hooks.acme.example/ops-secret"}
shift_webhooks:
  status: {url: "https://status.acme.example/status-secret", schedules: [primary], method: PUT, events: [end]}
calendars:
  holidays: {name: Holidays, url: "webcal://calendar.acme.example/holidays-secret.ics", schedules: [primary]}
  moves: {name: Office moves}
"""


def changed(before: str, after: str) -> str:
    """The rosters with one thing changed."""
    assert before in ROSTERS
    return ROSTERS.replace(before, after, 1)
