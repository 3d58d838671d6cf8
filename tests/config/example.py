"""The example of the public contract, its elisions filled in."""

ENVIRONMENT = {"TWILIO_AUTH_TOKEN": "twilio-secret", "PLIVO_AUTH_TOKEN": "plivo-secret"}

EXAMPLE = """\
organization: Acme
users:
  ana: {name: Ana Reyes, email: ana@acme.example, phone: +15550100001, timezone: Europe/Madrid, role: admin}
  ben: {name: Ben Okafor, email: ben@acme.example, phone: ["+15550100002", "+15550100012"], timezone: Europe/Madrid}
schedules:
  primary:
    name: Primary on-call
    timezone: Europe/Madrid
    layers:
      - name: Weekly
        members: [ana, ben]             # null = a deliberate gap in the rotation
        rotation: {every: 1, unit: week} # hour | day | week
        handoff: {time: "09:00", weekday: monday}
        starts: 2026-01-05
        ends: null
        slots: []
    overrides:
      - {user: ben, starts: "2026-12-24T09:00", ends: "2026-12-26T09:00", replaces: ana, comment: holidays}
escalation_policies:
  default:
    name: Default
    delay: 0s
    levels:
      - alerts: [{channel: phone, schedule: primary}, {channel: email, user: ben}]
        escalate_after: 5m
      - alerts: [{channel: sms, user: ben}]
services:
  payments: {name: Payments}
integrations:
  payments-webhook:
    name: Payments webhook
    type: webhook
    service: payments
    escalation_policy: default
    token: demo-payments
    ack_timeout: 20m
    resolve_after: null
    repeat: {times: 5, every: 10m}
hotlines:
  support:
    name: On-call hotline
    number: "+12245550123"
    provider: twilio
    token: demo-support
    carrier: twilio
    auth_token: ${TWILIO_AUTH_TOKEN}
    chain: [{schedule: primary}, {user: ben, ring: 25s}]
    ring: 20s
    accept: press_key
    accept_within: 15s
    caller_id: hotline
    max_call_wait: 5m
    max_talk: 4h
    messages: {welcome: Welcome to Acme., no_answer: "Nobody is free.", no_one_on_call: {play: "https://acme.example/off.mp3"}}
    voice: {language: en-US, voice: null}
    voicemail: true
    record_calls: true
    notify: [{channel: slack, to: "#hotline"}]
    incidents: {when: all, answered: triggered, integration: payments-webhook, escalation_policy: null, priority: p1, severity: high, teams: [devops]}
contacts:
  mitchell: {name: Mitchell Starc, number: "+14156040016"}
carriers:
  twilio: {account_sid: AC123, auth_token: "${TWILIO_AUTH_TOKEN}", from_number: +12245550123, base_url: null}
  plivo: {auth_id: MA123, auth_token: "${PLIVO_AUTH_TOKEN}", from_number: "+12245550124", base_url: null}
  emea: {provider: twilio, account_sid: AC456, auth_token: "${TWILIO_AUTH_TOKEN}", from_number: "+442071838750"}
own_incidents: {escalation_policy: default}
"""  # noqa: E501 - lines as they stand in the contract
