"""Files and single changes through one service, on both databases."""

import asyncio

import pytest
from sqlalchemy import select

from config.keys import Keyring, Purpose
from config.plan import Action, FieldChange
from config.problems import InvalidResource
from config.resources import Kind
from config.sealing import SECRET_MASK, masked_body
from config.service import ConfigService, UnknownResource, VersionConflict
from config.snapshot import OverrideSource
from storage import hotline_state
from storage.engine import Database
from storage.tables import OverrideRow, ResourceRow
from tests.config.example import ENVIRONMENT, EXAMPLE
from tests.config.files import document_of

OVERRIDE = {"user": "ben", "starts": "2026-07-01T09:00", "ends": "2026-07-02T09:00", "comment": "swap"}


async def test_applying_twice_changes_nothing(service: ConfigService) -> None:
    first = await service.apply(document_of(EXAMPLE))
    version = await service.version()
    second = await service.apply(document_of(EXAMPLE))
    assert len(first.changes) == 13
    assert second.changes == ()
    assert await service.version() == version


async def test_a_plan_changes_nothing(service: ConfigService) -> None:
    assert len((await service.plan(document_of(EXAMPLE))).changes) == 13
    assert await service.version() == 0


async def test_a_plan_names_each_value_that_changes(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    (change,) = (await service.plan(document_of(EXAMPLE.replace("ring: 20s", "ring: 30s")))).changes
    assert (change.action, change.key, change.fields) == (
        Action.UPDATE,
        "support",
        (FieldChange("ring", "20s", "30s"),),
    )


async def test_a_changed_secret_is_not_shown(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    other = document_of(EXAMPLE, environment={**ENVIRONMENT, "PLIVO_AUTH_TOKEN": "other"})
    (change,) = (await service.plan(other)).changes
    assert change.fields == (FieldChange("auth_token", SECRET_MASK, SECRET_MASK),)


async def test_without_prune_nothing_is_deleted(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    assert (await service.plan(document_of("contacts: {}"))).changes == ()


async def test_prune_deletes_only_in_the_sections_that_are_there(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    done = await service.apply(document_of("contacts: {}"), prune=True)
    assert [(change.action, change.kind, change.key) for change in done.changes] == [
        (Action.DELETE, Kind.CONTACTS, "mitchell")
    ]
    assert await service.list(Kind.CONTACTS) == []
    assert len(await service.list(Kind.USERS)) == 2


async def test_pruning_what_others_name_is_refused_and_says_who(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    with pytest.raises(
        InvalidResource, match=r"hotlines\.support\.chain\[0\]\.schedule: still refers to schedules\.primary"
    ):
        await service.apply(document_of("schedules: {}"), prune=True)


async def test_an_invalid_file_changes_nothing_at_all(service: ConfigService) -> None:
    with pytest.raises(InvalidResource):
        await service.apply(document_of("services: {a: {name: A}}\nintegrations: {b: {name: B, service: c}}"))
    assert await service.version() == 0


async def test_export_and_apply_again_changes_nothing(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE.replace('"Nobody is free."', '"Costs $${FIVE}: # nobody"')))
    exported = await service.export()
    document = document_of(exported.text, environment=exported.variables)
    assert (await service.plan(document, prune=True)).changes == ()
    assert document.bodies[Kind.HOTLINES]["support"]["messages"]["no_answer"] == "Costs ${FIVE}: # nobody"


async def test_an_export_holds_no_secret_but_a_clear_name(service: ConfigService) -> None:
    text = EXAMPLE.replace("auth_token: ${TWILIO_AUTH_TOKEN}", "auth_token: [new-secret, old-secret]")
    await service.apply(document_of(text))
    exported = await service.export()
    assert exported.variables["HOTLINE_SUPPORT_AUTH_TOKEN_1"] == "new-secret"
    assert "- ${HOTLINE_SUPPORT_AUTH_TOKEN_1}" in exported.text
    assert not any(secret in exported.text for secret in exported.variables.values())


async def test_an_export_leaves_out_overrides_that_no_file_made(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    await service.add_override("primary", OVERRIDE, OverrideSource.API)
    assert "swap" not in (await service.export()).text


async def test_pruning_a_user_whom_an_override_of_the_api_names_is_refused(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    await service.put(Kind.USERS, "eva", {"name": "Eva"})
    await service.add_override("primary", {**OVERRIDE, "user": "eva"}, OverrideSource.API)
    with pytest.raises(InvalidResource, match=r"schedules\.primary\.overrides\[1\]\.user: still refers to users\.eva"):
        await service.apply(document_of(EXAMPLE), prune=True)


async def test_secrets_are_sealed_in_the_database(service: ConfigService, database: Database) -> None:
    await service.apply(document_of(EXAMPLE))
    async with database.read() as session:
        bodies = str([row.body for row in await session.scalars(select(ResourceRow))])
    assert "twilio-secret" not in bodies
    assert "plivo-secret" not in bodies


async def test_a_secret_sealed_with_a_lost_key_refuses_and_does_not_stop_the_rest(
    service: ConfigService, database: Database
) -> None:
    await service.apply(document_of(EXAMPLE))
    other = ConfigService(database, Keyring(["another key"], Purpose.SECRETS))
    hotline = (await other.directory()).hotlines["support"]
    assert hotline.number == "+12245550123"
    assert len(hotline.auth_tokens) == 1
    assert hotline.auth_tokens != ("twilio-secret",)


async def test_an_integration_whose_signing_secret_was_sealed_with_a_lost_key_keeps_its_address(
    service: ConfigService, database: Database
) -> None:
    signed = "type: incident-io\n    signing_secret: whsec_MDEy"
    await service.apply(document_of(EXAMPLE.replace("type: webhook", signed)))
    other = ConfigService(database, Keyring(["another key"], Purpose.SECRETS))
    door = (await other.directory()).integrations["payments-webhook"]
    assert door.token == "demo-payments"
    assert door.signing_secret not in (None, "whsec_MDEy")


async def test_tokens_that_are_left_out_are_random_and_kept(service: ConfigService) -> None:
    text = EXAMPLE.replace("    token: demo-support\n", "").replace("    token: demo-payments\n", "")
    await service.apply(document_of(text))
    token = (await service.get(Kind.HOTLINES, "support")).body["token"]
    door = (await service.get(Kind.INTEGRATIONS, "payments-webhook")).body["token"]
    await service.apply(document_of(text.replace("ring: 20s", "ring: 21s")))
    assert len(token) >= 20
    assert token != door
    assert (await service.get(Kind.HOTLINES, "support")).body["token"] == token


async def test_an_override_of_a_file_is_replaced_and_one_of_the_api_survives(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    made = await service.add_override("primary", OVERRIDE, OverrideSource.API)
    await service.apply(document_of(EXAMPLE.replace("comment: holidays", "comment: leave")))
    shown = (await service.get(Kind.SCHEDULES, "primary")).body["overrides"]
    assert [override["comment"] for override in shown] == ["leave", "swap"]
    assert shown[1]["id"] == made.id


async def test_an_unchanged_override_of_a_file_keeps_its_id_and_its_age(
    service: ConfigService, database: Database
) -> None:
    await service.apply(document_of(EXAMPLE))
    before = (await service.directory()).schedules["primary"].overrides
    added = '      - {user: ana, starts: "2026-12-30T09:00", ends: "2026-12-31T09:00"}\nescalation_policies:'
    await service.apply(document_of(EXAMPLE.replace("escalation_policies:", added, 1)))
    after = (await service.directory()).schedules["primary"].overrides
    assert after[0] == before[0]
    assert len(after) == 2
    assert after[1].created_at > after[0].created_at


async def test_what_was_read_can_be_put_back_without_a_change(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    await service.add_override("primary", OVERRIDE, OverrideSource.DASHBOARD)
    version = await service.version()
    for kind in Kind:
        for resource in await service.list(kind):
            await service.put(kind, resource.key, masked_body(resource.body))
    assert await service.version() == version


async def test_a_secret_put_as_its_mask_is_kept(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    body = masked_body((await service.get(Kind.CARRIERS, "plivo")).body)
    await service.put(Kind.CARRIERS, "plivo", {**body, "from_number": "+12245550125"})
    account = (await service.directory()).carriers["plivo"]
    assert (account.auth_token, account.from_number) == ("plivo-secret", "+12245550125")


async def test_put_gives_back_the_complete_body_and_a_higher_version(service: ConfigService) -> None:
    first = await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": "+15550100003"})
    second = await service.put(Kind.USERS, "eva", {"name": "Eva R", "phone": "+15550100003"}, first.version)
    assert first.body == {
        "name": "Eva",
        "email": None,
        "phone": "+15550100003",
        "timezone": "Etc/UTC",
        "role": "responder",
        "out_of_office": [],
        "shift_notices": {"start": [], "end": [], "changes": ["email"], "schedules": {}},
    }
    assert second.version > first.version


async def test_put_on_an_old_version_is_a_conflict(service: ConfigService) -> None:
    first = await service.put(Kind.USERS, "eva", {"name": "Eva"})
    second = await service.put(Kind.USERS, "eva", {"name": "Eva R"})
    with pytest.raises(VersionConflict) as conflict:
        await service.put(Kind.USERS, "eva", {"name": "Eva S"}, first.version)
    assert conflict.value.current == second.version


async def test_put_says_what_is_wrong_by_field(service: ConfigService) -> None:
    with pytest.raises(InvalidResource) as invalid:
        await service.put(Kind.USERS, "eva", {"name": "Eva", "phone": ["+1"]})
    assert [problem.field for problem in invalid.value.problems] == ["phone[0]"]


async def test_a_put_that_breaks_another_resource_is_refused(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    with pytest.raises(InvalidResource, match=r"hotlines\.support\.chain\[0\]: \+12245550123, a phone of user ana"):
        await service.put(Kind.USERS, "ana", {"name": "Ana", "phone": "+12245550123"})


async def test_two_services_that_change_at_once_see_each_others_changes(database: Database) -> None:
    one = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    other = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    await one.put(Kind.SERVICES, "a", {"name": "A"})
    await other.put(Kind.INTEGRATIONS, "i", {"name": "I", "service": "a"})
    with pytest.raises(InvalidResource, match=r"integrations\.i\.service: still refers to services\.a"):
        await one.delete(Kind.SERVICES, "a")


async def test_of_two_changes_at_once_that_contradict_each_other_one_is_refused(database: Database) -> None:
    one = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    other = ConfigService(database, Keyring(["test key"], Purpose.SECRETS))
    await one.put(Kind.SERVICES, "a", {"name": "A"})
    await other.snapshot()
    outcomes = await asyncio.gather(
        one.delete(Kind.SERVICES, "a"),
        other.put(Kind.INTEGRATIONS, "i", {"name": "I", "service": "a"}),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, InvalidResource) for outcome in outcomes) == 1


async def test_delete_refuses_what_is_named_and_deletes_what_is_not(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    with pytest.raises(
        InvalidResource, match=r"schedules\.primary\.layers\[0\]\.members\[0\]: still refers to users\.ana"
    ):
        await service.delete(Kind.USERS, "ana")
    await service.delete(Kind.CONTACTS, "mitchell")
    with pytest.raises(UnknownResource):
        await service.get(Kind.CONTACTS, "mitchell")


async def test_a_deleted_schedule_takes_its_overrides_along(service: ConfigService, database: Database) -> None:
    await service.put(Kind.USERS, "ben", {"name": "Ben"})
    await service.put(Kind.SCHEDULES, "s", {"name": "S"})
    await service.add_override("s", OVERRIDE, OverrideSource.API)
    await service.delete(Kind.SCHEDULES, "s")
    async with database.read() as session:
        assert (await session.scalars(select(OverrideRow))).all() == []


async def test_an_override_that_is_wrong_says_which_field(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    with pytest.raises(InvalidResource) as invalid:
        await service.add_override("primary", {**OVERRIDE, "user": "bne"}, OverrideSource.API)
    assert [problem.field for problem in invalid.value.problems] == ["user"]


async def test_an_override_can_be_deleted_once(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    made = await service.add_override("primary", OVERRIDE, OverrideSource.API)
    await service.delete_override("primary", made.id)
    with pytest.raises(UnknownResource):
        await service.delete_override("primary", made.id)


@pytest.mark.parametrize(
    ("before", "after", "is_pinned"),
    [('number: "+12245550123"', 'number: "+12245550177"', False), ("ring: 20s", "ring: 21s", True)],
)
async def test_the_pin_is_reset_when_the_hotlines_calls_come_from_elsewhere(
    service: ConfigService, database: Database, before: str, after: str, is_pinned: bool
) -> None:
    await service.apply(document_of(EXAMPLE))
    async with database.write() as session:
        await hotline_state.pin(session, "support", "AC1", "+12245550123")
    await service.apply(document_of(EXAMPLE.replace(before, after)))
    async with database.read() as session:
        state = await hotline_state.get(session, "support")
    assert state is not None
    assert (state.pinned_account is not None) is is_pinned


async def test_every_change_is_announced_and_no_change_is_not(database: Database) -> None:
    announced: list[int] = []

    async def announce() -> None:
        announced.append(1)

    service = ConfigService(database, Keyring(["k"], Purpose.SECRETS), on_change=announce)
    await service.put(Kind.SERVICES, "a", {"name": "A"})
    await service.put(Kind.SERVICES, "a", {"name": "A"})
    assert len(announced) == 1


async def test_a_file_without_a_word_on_absences_keeps_those_that_people_entered(service: ConfigService) -> None:
    await service.apply(document_of(EXAMPLE))
    away = {"starts": "2026-07-01", "ends": "2026-07-08", "delegate": "ben"}
    ana = (await service.get(Kind.USERS, "ana")).body
    await service.put(Kind.USERS, "ana", {**ana, "out_of_office": [away], "shift_notices": {"start": ["sms"]}})

    plan = await service.apply(document_of(EXAMPLE))

    kept = (await service.get(Kind.USERS, "ana")).body
    assert (plan.changes, kept["out_of_office"][0]["delegate"], kept["shift_notices"]["start"]) == ((), "ben", ["sms"])


async def test_a_file_can_take_absences_back(service: ConfigService) -> None:
    await service.apply(document_of("users:\n  ana: {name: Ana Reyes}\n"))
    away = {"starts": "2026-07-01", "ends": "2026-07-08"}
    await service.put(Kind.USERS, "ana", {"name": "Ana Reyes", "out_of_office": [away]})

    await service.apply(document_of("users:\n  ana: {name: Ana Reyes, out_of_office: []}\n"))

    assert (await service.get(Kind.USERS, "ana")).body["out_of_office"] == []
