"""A process that has started is no longer looked through by the garbage collector."""

import gc

from config.settling import settle


def test_what_is_there_at_the_start_is_out_of_the_collectors_sight() -> None:
    lasting = [[number] for number in range(100)]
    try:
        settle()
        assert not any(each is lasting for each in gc.get_objects())
    finally:
        gc.unfreeze()
