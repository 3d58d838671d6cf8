"""How large the processor's transactions are, and how long it pauses."""

from intake.processor import Pace


def test_short_transactions_make_the_next_ones_larger() -> None:
    pace = Pace(most_seconds=0.020)
    for _ in range(40):
        pace.took(pace.size, 0.004)
    assert pace.size == Pace.most


def test_long_transaction_makes_the_next_one_smaller_but_not_useless() -> None:
    pace = Pace(most_seconds=0.020)
    pace.size = 100
    pace.took(100, 0.030)
    assert pace.size == 50
    for _ in range(10):
        pace.took(pace.size, 0.030)
    assert pace.size == Pace.least


def test_half_filled_transaction_says_nothing_about_larger_ones() -> None:
    pace = Pace(most_seconds=0.020)
    pace.took(1, 0.001)
    assert pace.size == Pace.least


def test_pause_is_as_long_as_the_transaction_was() -> None:
    pace = Pace(most_seconds=0.020)
    pace.took(8, 0.018)
    assert pace.pause_seconds == 0.018


def test_after_a_failure_events_go_one_by_one() -> None:
    pace = Pace(most_seconds=0.020)
    pace.stumble()
    assert pace.size == 1
