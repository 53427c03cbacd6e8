"""Every bad input meets one clear error, before any work starts."""

from __future__ import annotations

import re

import pytest

from qdl.errors import QdlError
from tests.bad_input import TABLE, Bad


@pytest.mark.parametrize("bad", TABLE, ids=lambda bad: re.sub(r"\W+", "-", bad.name))
def test_bad_input_is_refused_with_what_was_got_and_what_to_do(bad: Bad) -> None:
    with pytest.raises(QdlError) as caught:
        bad.call()
    message = str(caught.value)
    missing = [fragment for fragment in bad.says if fragment not in message]
    assert not missing, f"{message!r} does not say {missing}"
    assert len(message.splitlines()) == 1, f"the message of {bad.name!r} is more than one line"


def test_no_two_rows_have_one_name() -> None:
    names = [bad.name for bad in TABLE]
    assert len(set(names)) == len(names)
