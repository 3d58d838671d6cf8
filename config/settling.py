"""What a process does once, when everything that lives as long as it does is made."""

import gc


def settle() -> None:
    """Take everything that is there now out of the garbage collector's sight. A full collection looks at each of the
    200,000 objects that imports leave behind, a tenth of a second in which no caller is answered."""
    gc.collect()
    gc.freeze()
