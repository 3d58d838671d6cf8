"""The life cycle of an incident, and what counts as the same one."""

import pytest

from domain.incidents import dedup_key, read_priority, read_severity, title_text


@pytest.mark.parametrize("word", ["", "p0", "p6", "urgent", None, 1, ["p1"], {"p1": 1}])
def test_unknown_priority_is_nothing(word: object) -> None:
    assert read_priority(word) is None


@pytest.mark.parametrize("word", ["", "sev4", "critical", None, 1, ["high"]])
def test_unknown_severity_is_nothing(word: object) -> None:
    assert read_severity(word) is None


def test_empty_title_has_no_key() -> None:
    assert dedup_key("") is None


def test_half_a_surrogate_pair_has_a_key_of_its_own() -> None:
    assert len({dedup_key("\ud83d"), dedup_key("\ud83e"), dedup_key("?"), dedup_key("\ufffd")}) == 4


def test_missing_title_is_empty_and_others_are_their_json_text() -> None:
    titles = (None, "", "a", 0, False, {"ü": 1})
    assert [title_text(title) for title in titles] == ["", "", "a", "0", "false", '{"ü":1}']
