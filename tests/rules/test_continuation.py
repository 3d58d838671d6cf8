"""A continuation is small, complete as far as it fits, and never trusted when it is not ours."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.addresses import MAX_CONTINUATION_CHARACTERS, CallAddresses, Continuations, read_voice_path
from config.keys import Keyring, Purpose
from domain.call_state import Control, Rung, Stage
from domain.continuation import NoContinuation, pack, unpack
from domain.directory import Provider
from domain.events import CallIdentity
from domain.instructions import Leg
from tests.rules.calls import CALLER, START

CALL = CallIdentity(Provider.TWILIO, "CA1", "AC1", CALLER, "+12245550123")


def control(entries: int = 2) -> Control:
    rungs = tuple(Rung(n, f"+1555010{n:04d}", 20, f"user-{n}", f"schedule-{n}") for n in range(1, entries + 1))
    return Control(
        3, Stage.RINGING, START, START + timedelta(seconds=21), "+14156040016", rungs[0], rungs[1:], anyone=True
    )


def sealed(keyring: Keyring, entries: int = 2) -> str:
    return Continuations(keyring).seal(control(entries), CALL, "support")


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(["one"], Purpose.CONTINUATION)


def test_what_was_packed_is_what_is_read() -> None:
    assert unpack(pack(control(), 1000)) == control()


def test_a_chain_of_any_length_fits_and_keeps_its_beginning(keyring: Keyring) -> None:
    text = sealed(keyring, 200)
    read = Continuations(keyring).open(text, CALL, "support")
    assert len(text) <= MAX_CONTINUATION_CHARACTERS
    assert read is not None
    assert len(read.remaining) >= 10
    assert read.remaining == control(200).remaining[: len(read.remaining)]


def test_cutting_the_chain_does_not_make_it_another_branch(keyring: Keyring) -> None:
    read = Continuations(keyring).open(sealed(keyring, 200), CALL, "support")
    assert read is not None
    assert read.key == control(200).key


@pytest.mark.parametrize("changed", ["call", "hotline", "text", "key"])
def test_a_continuation_from_elsewhere_counts_as_none(keyring: Keyring, changed: str) -> None:
    text, call, hotline, reader = sealed(keyring), CALL, "support", keyring
    if changed == "call":
        call = CallIdentity(Provider.TWILIO, "CA2", "AC1", CALLER, "+12245550123")
    elif changed == "hotline":
        hotline = "sales"
    elif changed == "text":
        text = text[:-2] + ("AA" if not text.endswith("AA") else "BB")
    else:
        reader = Keyring(["two"], Purpose.CONTINUATION)
    assert Continuations(reader).open(text, call, hotline) is None


def test_a_rotated_key_still_reads_what_the_old_one_wrote(keyring: Keyring) -> None:
    rotated = Keyring(["two", "one"], Purpose.CONTINUATION)
    assert Continuations(rotated).open(sealed(keyring), CALL, "support") == control()


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_count_as_no_continuation(noise: bytes) -> None:
    with pytest.raises(NoContinuation):
        unpack(noise)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(noise: str) -> None:
    assert Continuations(Keyring(["one"], Purpose.CONTINUATION)).open(noise, CALL, "support") is None


@pytest.mark.parametrize("leg", [leg for leg in Leg if not leg.value.startswith("alert")])
def test_an_address_that_we_hand_out_is_read_back(leg: Leg) -> None:
    url = CallAddresses("https://hotline.example.com", "token", "sealed")(leg, 2)
    where = read_voice_path(url.removeprefix("https://hotline.example.com"))
    assert where is not None
    assert (where.token, where.leg) == ("token", leg)


@pytest.mark.parametrize(
    "path", ["", "/", "/voice", "/voice/", "/voice/a/b", "/voice/a/dial/x/c", "/voice/a/alert/1/c", "/other/a"]
)
def test_other_paths_are_not_ours(path: str) -> None:
    assert read_voice_path(path) is None


@given(st.integers(0, 999_999))
def test_packing_never_makes_another_branch(microseconds: int) -> None:
    moment = START.replace(microsecond=microseconds)
    exact = replace(control(), started_at=moment, written_at=moment)
    assert unpack(pack(exact, 1000)).key == exact.key
