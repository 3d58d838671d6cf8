"""How much may be in flight at Temporal beside the calls."""

from temporal.pacing import Window


def measured(*milliseconds: float, callers_wait: bool = False) -> Window:
    window = Window()
    for value in milliseconds:
        window.answered(value / 1000, callers_wait=callers_wait)
    return window


def test_it_starts_with_one_in_flight() -> None:
    assert Window().size == 1


def test_quick_answers_add_one_each() -> None:
    assert measured(20, 20, 20).size == 4


def test_a_slow_answer_halves_it_but_leaves_one() -> None:
    assert measured(20, 20, 20, 200).size == 2
    assert measured(20, 200, 200, 200).size == 1


def test_it_is_bounded_however_quick_the_answers_are() -> None:
    assert measured(*[1] * 100).size == 16


def test_on_a_slow_machine_slow_is_what_is_slower_than_usual() -> None:
    assert measured(100, 100, 100).size == 4
    assert measured(100, 100, 100, 300).size == 2


def test_a_caller_who_waits_leaves_room_for_one() -> None:
    assert measured(20, 20, 20, callers_wait=True).size == 1


def test_without_an_answer_it_starts_again() -> None:
    window = measured(20, 20, 20)
    window.reset()
    assert window.size == 1
