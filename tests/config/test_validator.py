"""Every rule of the configuration, with the line and the sentence that a person sees."""

import pytest

from config.problems import Severity
from config.resources import Kind
from config.validator import validate
from config.world import World
from domain.directory import MessageKey
from tests.config.example import EXAMPLE
from tests.config.files import errors_of, plan_of, warnings_of


def changed(before: str, after: str) -> str:
    """The example with one thing changed."""
    assert before in EXAMPLE
    return EXAMPLE.replace(before, after, 1)


def first_difference(text: str) -> int:
    pairs = enumerate(zip(EXAMPLE.splitlines(), text.splitlines(), strict=False), start=1)
    return next(line for line, (old, new) in pairs if old != new)


def line_of(words: str, text: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def test_the_contracts_example_is_valid() -> None:
    assert errors_of(EXAMPLE) == []


def test_the_example_is_warned_only_about_a_room_that_is_not_set_up() -> None:
    (warning,) = warnings_of(EXAMPLE)
    sentence = (
        "hotlines.support.notify[0]: there is no slack room '#hotline' under rooms, so nothing can be posted there"
    )
    assert warning.endswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE + 'rooms:\n  hotline: {channel: slack, to: "#hotline", url: "https://hooks.acme.example/1"}\n',
        changed('{channel: slack, to: "#hotline"}', "{channel: email, to: ops@acme.example}"),
        changed('{channel: slack, to: "#hotline"}', '{channel: sms, to: "+15550100009"}'),
    ],
    ids=["a room that is set up", "e-mail", "text message"],
)
def test_whoever_can_be_told_of_calls_is_not_warned_about(text: str) -> None:
    assert warnings_of(text) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        # unknown keys and wrong types
        ("email: ana@", "emial: ana@", "users.ana.emial: unknown key 'emial'; did you mean 'email'?"),
        ("rotation: {every", "rotation: {evry", "layers[0].rotation.evry: unknown key 'evry'; did you mean 'every'?"),
        ("voicemail: true", "voicemail: {mx: 1m}", "voicemail.mx: unknown key 'mx'; did you mean 'max'?"),
        ("{welcome:", "{wellcome:", "messages.wellcome: unknown key 'wellcome'; did you mean 'welcome'?"),
        ("name: Ana Reyes, ", "", "users.ana: name is missing"),
        ("name: Ana Reyes", "name: 5", "users.ana.name: must be a text; found 5; put it in quotes"),
        ("record_calls: true", "record_calls: yes", "record_calls: must be true or false; found 'yes'"),
        ("{user: ben, ring: 25s}", "ben", "chain[1]: must be a mapping; found 'ben'"),
        # words
        (
            "role: admin",
            "role: admn",
            "must be one of admin, manager, responder, viewer; found 'admn'; did you mean 'admin'?",
        ),
        ("provider: twilio\n", "provider: twillio\n", "found 'twillio'; did you mean 'twilio'?"),
        ("when: all", "when: always", "incidents.when: must be one of all, missed, never; found 'always'"),
        ("severity: high", "severity: sev4", "must be one of sev1, sev2, sev3, high, medium, low; found 'sev4'"),
        ("unit: week", "unit: weeks", "must be one of hour, day, week; found 'weeks'; did you mean 'week'?"),
        ("{channel: sms", "{channel: smss", "there is no channel 'smss'; did you mean 'sms'?"),
        # durations
        ("ring: 20s", "ring: 20", "hotlines.support.ring: 20 is a bare number, not a duration; add the unit, like 20s"),
        ("delay: 0s", "delay: 0", "escalation_policies.default.delay: 0 is a bare number, not a duration"),
        ("ring: 20s", "ring: 20 s", "'20 s' is no duration; write a whole number and a unit, like 30s, 5m, 2h or 1d"),
        ("ring: 20s", "ring: 4s", "ring: 4s is out of range; it must be between 5s and 120s"),
        ("ring: 25s", "ring: 3m", "chain[1].ring: 3m is out of range; it must be between 5s and 120s"),
        ("voicemail: true", "voicemail: {silence: 4s}", "silence: 4s is out of range; it must be between 5s and 60s"),
        ("voicemail: true", "voicemail: 5", "voicemail: must be true, false or {max: 3m, silence: 8s}"),
        # numbers and addresses
        ("phone: +15550100001", "phone: 15550100001", "users.ana.phone: 15550100001 has no +; write the number in"),
        ('number: "+12245550123"', 'number: "+12"', "hotlines.support.number: '+12' is no phone number; write it in"),
        ("email: ana@acme.example", "email: ana", "'ana' is no e-mail address"),
        ("https://acme.example/off.mp3", "http://acme.example/off.mp3", "cannot be played; write an https address"),
        ("base_url: null", "base_url: nowhere", "'nowhere' is no address; write one like https://api.example.com"),
        ("token: demo-support", "token: a/b", "a token is part of an address: 3 to 200 letters"),
        ("token: demo-support", "token: notices", "notices begins addresses of Dutyline's own; choose another token"),
        ("token: demo-payments", "token: hooks", "hooks begins addresses of Dutyline's own; choose another token"),
        # times and zones
        ('time: "09:00"', "time: 25:00", "handoff.time: 25:00 does not exist on a clock; write a time between 00:00"),
        ('time: "09:00"', "time: 24:00", "24:00 does not exist on a clock; write 00:00"),
        ("slots: []", "slots: [{from: 18:00, to: 25:00}]", "slots[0].to: 25:00 does not exist on a clock"),
        (
            "slots: []",
            "slots: [{from: fryday 18:00, to: monday 09:00}]",
            "'fryday' is no weekday; did you mean 'friday'?",
        ),
        ("slots: []", "slots: [{from: friday 18:00, to: 09:00}]", "from and to must both name a weekday"),
        ("starts: 2026-01-05", "starts: 2026-02-30", "starts: 2026-02-30 does not exist in the calendar"),
        ("starts: 2026-01-05", "starts: soon", "'soon' is no date; write 2026-01-05, 2026-01-05T09:00"),
        ("ends: null", "ends: 2026-01-05", "ends (2026-01-05) must be later than starts (2026-01-05)"),
        ('ends: "2026-12-26T09:00"', 'ends: "2026-12-24T09:00"', "must be later than starts (2026-12-24T09:00)"),
        ("phone: +15550100001, timezone: Europe/Madrid", "timezone: Europe/Madird", "did you mean 'Europe/Madrid'?"),
        ("timezone: Europe/Madrid\n", "timezone: Mars/Base\n", "there is no time zone 'Mars/Base'; "),
        # references
        (
            "members: [ana, ben]",
            "members: [ana, bne]",
            "layers[0].members[1]: there is no user 'bne'; did you mean 'ben'?",
        ),
        (
            "chain: [{schedule: primary}",
            "chain: [{schedule: primry}",
            "chain[0].schedule: there is no schedule 'primry'",
        ),
        ("service: payments\n", "service: payment\n", "there is no service 'payment'; did you mean 'payments'?"),
        ("carrier: twilio", "carrier: twillio", "there is no carrier 'twillio'; did you mean 'twilio'?"),
        ("replaces: ana", "replaces: anna", "overrides[0].replaces: there is no user 'anna'; did you mean 'ana'?"),
        ("integration: payments-webhook", "integration: x", "incidents.integration: there is no integration 'x'"),
        (
            "own_incidents: {escalation_policy: default}",
            "own_incidents: {escalation_policy: x}",
            "no escalation policy 'x'",
        ),
        # what must fit together
        (
            "{user: ben, ring: 25s}",
            "{user: ben, schedule: primary}",
            "chain[1]: needs exactly one of schedule and user",
        ),
        ("{channel: sms, user: ben}", "{channel: sms}", "needs exactly one of user, schedule and to; it has none"),
        (
            "{channel: sms, user: ben}",
            "{channel: slack, user: ben}",
            "slack reaches a room, not a person; name it with to",
        ),
        ("carrier: twilio", "carrier: plivo", "plivo is an account at plivo, the hotline is at twilio"),
        (
            "{provider: twilio, account_sid: AC456",
            "{account_sid: AC456",
            "needs provider: twilio or plivo, because its key",
        ),
        ("plivo: {auth_id:", "plivo: {account_sid:", "plivo has no account_sid; write auth_id"),
        ("{welcome:", '{whisper: "{caler}", welcome:', "there is no placeholder {caler}; did you mean 'caller'?"),
        ("{welcome:", '{whisper: "", welcome:', "must not be empty: nobody would know which key to press"),
        (
            "type: webhook",
            "type: dutyline",
            "type: dutyline is for Dutyline's own incidents; write webhook or incident-io",
        ),
        (
            "type: webhook",
            "type: webhook\n    signing_secret: whsec_MDEy",
            "signing_secret: is for type incident-io only",
        ),
        ("type: webhook", "type: webhook\n    events: [created]", "events: is for type incident-io only"),
        ("  payments-webhook:\n", "  dutyline:\n", "this key is built in for Dutyline's own incidents"),
        ("  payments: {name", "  pay ments: {name", "the key 'pay ments' cannot be used; write letters, digits"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before: str, after: str, sentence: str) -> None:
    text = changed(before, after)
    (found,) = [each for each in errors_of(text) if sentence in each]
    assert found.startswith(f"a.yaml:{first_difference(text)}: ")


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("signing_secret: MDEy", "signing_secret: starts with whsec_; copy it from incident.io's webhook settings"),
        ("signing_secret: whsec_", "signing_secret: has nothing after whsec_; copy it whole from"),
        ("signing_secret: whsec_not-base64", "signing_secret: is not base64 after whsec_; copy it whole from"),
        ("signing_secret: whsec_MDEyM", "signing_secret: is not base64 after whsec_; copy it whole from"),
        ("signing_secret: whsec_Größe", "signing_secret: is not base64 after whsec_; copy it whole from"),
        ("events: []", "events: must not be empty"),
        (
            "events: [created, update]",
            "events[1]: must be one of created, updated; found 'update'; did you mean 'updated'?",
        ),
    ],
)
def test_what_is_wrong_with_an_integration_of_incident_io(field: str, sentence: str) -> None:
    text = changed("type: webhook", f"type: incident-io\n    {field}")
    (found,) = errors_of(text)
    assert found.startswith(f"a.yaml:{line_of(field, text)}: integrations.payments-webhook.{sentence}")


@pytest.mark.parametrize("secret", ["whsec_MDEy", "whsec_MDE=", "whsec_MDE"])
def test_a_signing_secret_may_leave_out_its_padding(secret: str) -> None:
    assert errors_of(changed("type: webhook", f"type: incident-io\n    signing_secret: {secret}")) == []


def test_a_level_before_the_last_needs_escalate_after() -> None:
    text = changed("        escalate_after: 5m\n", "")
    assert errors_of(text) == [
        f"a.yaml:{line_of('- alerts', text)}: escalation_policies.default.levels[0]: needs escalate_after, like 5m, "
        "or the levels after it are never reached"
    ]


def test_the_line_is_that_of_the_value() -> None:
    text = "users:\n  ana:\n    name: Ana\n    phone:\n      - +15550100001\n      - 12\n"
    assert errors_of(text) == [
        "a.yaml:6: users.ana.phone[1]: 12 has no +; write the number in international format, like +14155550123"
    ]


def test_every_error_is_reported_at_once() -> None:
    text = "users:\n  ana: {nme: Ana}\nservices:\n  pay: {}\n"
    assert [each.split(":")[1] for each in errors_of(text)] == ["2", "2", "4"]


def test_a_language_without_built_in_texts_needs_all_ten() -> None:
    (found,) = errors_of(changed("language: en-US", "language: sv-SE"))
    assert (
        "there are no built-in texts in 'sv-SE' (only en, es, fr, de, pt); write these messages too: apology, " in found
    )


def test_a_language_with_all_ten_own_texts_is_fine() -> None:
    keys = [key for key in MessageKey if key is not MessageKey.WHISPER]
    messages = ", ".join([*(f"{key}: hej" for key in keys), 'whisper: "{caller} {hotline}"'])
    start = EXAMPLE.index("messages: {")
    end = EXAMPLE.index("\n", start)
    text = EXAMPLE[:start] + f"messages: {{{messages}}}" + EXAMPLE[end:]
    assert errors_of(text.replace("language: en-US", "language: sv-SE")) == []


@pytest.mark.parametrize("entry", ["{user: ben, ring: 25s}", "{schedule: primary}"])
def test_a_chain_entry_that_rings_a_hotline_is_an_error(entry: str) -> None:
    text = changed('phone: ["+15550100002", "+15550100012"]', 'phone: "+12245550123"')
    (place,) = (0,) if "schedule" in entry else (1,)
    found = [each for each in errors_of(text) if f"chain[{place}]" in each]
    line = line_of("chain:", text)
    assert found == [
        f"a.yaml:{line}: hotlines.support.chain[{place}]: +12245550123, a phone of user ben, is the number of hotline "
        "support: the call would go in circles"
    ]


def test_two_hotlines_cannot_have_one_token() -> None:
    second = (
        "  other: {name: Other, number: +12245550199, provider: plivo, token: demo-support, chain: [{user: ana}]}\n"
    )
    text = changed("contacts:", second + "contacts:")
    assert errors_of(text) == [
        f"a.yaml:{line_of('  other:', text)}: hotlines.other.token: has the same token as hotlines.support; "
        "each needs its own"
    ]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "max_call_wait: 5m",
            "max_call_wait: 1m",
            "max_call_wait: the chain can take 75 s, but the caller waits at most 1m",
        ),
        ("chain: [{schedule: primary}, {user: ben, ring: 25s}]", "chain: []", "chain: is empty: nobody is rung"),
        (', phone: ["+15550100002", "+15550100012"]', "", "user ben has no phone and is passed over"),
        (', phone: ["+15550100002", "+15550100012"]', "", "user ben has no phone, so sms cannot reach them"),
        ("    escalation_policy: default\n", "", "has no escalation_policy: its incidents alert nobody"),
        ("type: webhook", "type: incident-io", "has no signing_secret: every request from incident.io is refused"),
        ("alerts: [{channel: sms, user: ben}]", "alerts: []", "levels[1]: alerts nobody; it is passed at once"),
        ("integration: payments-webhook, ", "", "incidents: has no integration, so its calls open no incidents"),
        ("every: 1, unit: week", "every: 12, unit: hour", "schedules.primary: Layer Weekly"),
    ],
)
def test_what_is_odd_is_a_warning_and_not_an_error(before: str, after: str, sentence: str) -> None:
    text = changed(before, after)
    assert errors_of(text) == []
    assert any(sentence in each and ": warning: " in each for each in warnings_of(text)), warnings_of(text)


def test_a_chain_without_confirmation_needs_no_time_for_it() -> None:
    text = changed("max_call_wait: 5m", "max_call_wait: 50s").replace("accept: press_key", "accept: none")
    assert not any("max_call_wait" in warning for warning in warnings_of(text))


def test_one_resource_is_validated_among_the_others() -> None:
    world = World(plan_bodies())
    body = {"name": "New", "levels": [{"alerts": [{"channel": "email", "user": "nobody"}]}]}
    (problem,) = validate(Kind.ESCALATION_POLICIES, "new", body, world)
    assert (problem.field, problem.message, problem.severity) == (
        "levels[0].alerts[0].user",
        "there is no user 'nobody'; known are: ana, ben",
        Severity.ERROR,
    )


def plan_bodies() -> dict[Kind, dict[str, object]]:
    bodies: dict[Kind, dict[str, object]] = {}
    for change in plan_of(EXAMPLE).changes:
        bodies.setdefault(change.kind, {})[change.key] = change.body
    return bodies


def test_a_secret_of_the_wrong_type_is_not_repeated_in_the_error() -> None:
    found = errors_of(changed("auth_token: ${TWILIO_AUTH_TOKEN}", "auth_token: [[hush-hush]]"))
    assert found
    assert "hush-hush" not in " ".join(found)
