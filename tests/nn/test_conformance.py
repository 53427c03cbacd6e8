"""Every layer of `qdl.nn` is a torch module like any: one class over the whole table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nn.conformance.creation import Creation
from tests.nn.conformance.derivatives import Derivatives
from tests.nn.conformance.parallel import by_one_process, by_two_processes, shareable
from tests.nn.conformance.passes import require_all_close
from tests.nn.conformance.refusals import Refusals
from tests.nn.conformance.values import Values
from tests.nn.table import rows


@pytest.mark.parametrize("row", rows(), ids=str)
class TestEveryLayer(Creation, Values, Derivatives, Refusals):
    """A new layer is a new row of `tests.nn.table`."""


def test_two_processes_find_the_gradients_of_one(tmp_path: Path) -> None:
    found, wanted = by_two_processes(tmp_path), {row.name: by_one_process(row) for row in shareable()}
    assert list(found) == list(wanted)
    assert {name: error for name, error in found.items() if isinstance(error, str)} == {}
    for name, gradients in wanted.items():
        assert list(found[name]) == list(gradients), name
        require_all_close(list(found[name].values()), list(gradients.values()))
