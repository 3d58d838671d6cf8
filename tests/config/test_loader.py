"""Files to a document: YAML 1.2, the environment, merging, and every way a file can be broken."""

import pytest

from config.problems import InvalidFiles
from config.resources import Kind
from tests.config.files import document_of, errors_of


def test_unquoted_times_dates_and_numbers_with_a_plus_stay_texts() -> None:
    document = document_of("users: {ana: {time: 18:00, phone: +15550100001, day: 2026-01-05, port: 8080, on: yes}}")
    assert document.bodies[Kind.USERS]["ana"] == {
        "time": "18:00",
        "phone": "+15550100001",
        "day": "2026-01-05",
        "port": 8080,
        "on": "yes",
    }


def test_a_variable_comes_from_the_environment_also_inside_a_text() -> None:
    document = document_of('users: {ana: {name: "x-${NAME}-y"}}', environment={"NAME": "mid"})
    assert document.bodies[Kind.USERS]["ana"]["name"] == "x-mid-y"


def test_a_doubled_dollar_is_the_text_itself() -> None:
    document = document_of('users: {ana: {name: "$${NAME}"}}', environment={})
    assert document.bodies[Kind.USERS]["ana"]["name"] == "${NAME}"


def test_an_unset_variable_is_an_error_with_its_line() -> None:
    found = errors_of("users:\n  ana:\n    name: Ana\n    email: ${NOT_SET}\n")
    assert found == [
        "a.yaml:4: users.ana.email: the environment variable NOT_SET is not set; set it, or write the value here"
    ]


def test_several_files_are_read_as_one() -> None:
    document = document_of("users: {ana: {name: Ana}}", "users: {ben: {name: Ben}}\nservices: {pay: {name: Pay}}")
    assert set(document.bodies[Kind.USERS]) == {"ana", "ben"}
    assert document.sections == {Kind.USERS, Kind.SERVICES}


def test_the_same_key_in_two_files_is_an_error_that_names_both_places() -> None:
    (found,) = errors_of("users:\n  ana: {name: Ana}", "\n\nusers:\n  ana: {name: Anna}")
    assert found == "b.yaml:4: users.ana: is already in a.yaml, line 2; each key must be unique"


def test_the_same_key_twice_in_one_file_is_an_error() -> None:
    assert errors_of("users:\n  ana: {name: A}\n  ana: {name: B}") == [
        "a.yaml:3: the key 'ana' is here twice; the first is in line 2"
    ]


def test_an_unknown_section_names_the_one_that_was_meant() -> None:
    assert errors_of("usres: {}") == ["a.yaml:1: usres: unknown section; did you mean 'users'?"]


def test_an_empty_section_is_there_and_an_empty_file_has_none() -> None:
    assert document_of("users:").sections == {Kind.USERS}
    assert document_of("").sections == frozenset()


def test_a_file_that_does_not_exist_is_a_sentence() -> None:
    from pathlib import Path

    from config.loader import load_files

    with pytest.raises(InvalidFiles, match=r"nowhere\.yaml: the file cannot be read: No such file"):
        load_files([Path("nowhere.yaml")], {})


_BOMB = "\n".join(
    ["users: &a [x, x, x, x, x, x, x, x, x, x]"]
    + [f"{name}: &{name} [{', '.join(['*' + before] * 10)}]" for before, name in zip("abcdefg", "bcdefgh", strict=True)]
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("users:\n\tana: {}", "a.yaml:2: YAML does not allow tabs for indentation; use spaces"),
        ("users: [", "a.yaml:1: this is not valid YAML: "),
        ("users:\n  ana: b: c", "a.yaml:2: this is not valid YAML: mapping values are not allowed here"),
        ("users: {ana: *nobody}", "a.yaml:1: there is no anchor for the alias 'nobody'"),
        ("users: &a {ana: *a}", "a.yaml:1: the file is nested more than 50 deep; does an anchor contain itself?"),
        (_BOMB, "the file means more than 200000 values; are its anchors nested?"),
        ("users: !!python/object:os.system {}", "a.yaml:1: the tag !!python/object:os.system has no meaning here"),
        ("users: {<<: {a: b}}", "a.yaml:1: merge keys (<<) are not part of YAML 1.2; repeat the values"),
        ("- a\n- b", "a.yaml:1: the file must be a mapping of sections like users: …; found a list"),
        ("users: [ana]", "a.yaml:1: users: must be a mapping from keys to users; found a list"),
        ("users: {? [a] : b}", "a.yaml:1: a key must be a single word"),
        ("a: 1\n---\nb: 1", "a.yaml:2: the file has more than one YAML document; give each its own file"),
        (b"\xff\xfe\x00\x01", "a.yaml: this is not a text file in UTF-8"),
        (b"users: \x00", "a.yaml: the file contains a character that YAML does not allow"),
        (r'users: {ana: {name: "\ud800"}}', "a.yaml:1: half of a surrogate pair"),
        ("[" * 5000, "a.yaml: brackets are nested more than 50 deep"),
        ("- " * 5000, "a.yaml: the file is nested too deeply"),
        ("a" * 4_100_000, "a.yaml: the file is too large for a configuration"),
        ("organization: 5", "a.yaml:1: organization: must be a name; found 5"),
        ("own_incidents: 5", "a.yaml:1: own_incidents: must be a mapping like {escalation_policy: …}, not 5"),
    ],
)
def test_a_broken_file_is_a_sentence_never_a_trace(text: str | bytes, sentence: str) -> None:
    (found,) = errors_of(text)
    assert sentence in found
