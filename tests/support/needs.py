"""What a test needs and this machine may not have."""

import os
from typing import NoReturn

import pytest


def missing(sentence: str) -> NoReturn:
    """Skips with a sentence that says what is needed; fails in CI (``CI=true``), where nothing may be left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
