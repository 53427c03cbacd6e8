"""Every layer of `qdl.nn` is a torch module like any: one class over the whole table."""

from __future__ import annotations

import pytest

from tests.nn.conformance.creation import Creation
from tests.nn.conformance.derivatives import Derivatives
from tests.nn.conformance.refusals import Refusals
from tests.nn.conformance.values import Values
from tests.nn.table import rows


@pytest.mark.parametrize("row", rows(), ids=str)
class TestEveryLayer(Creation, Values, Derivatives, Refusals):
    """A new layer is a new row of `tests.nn.table`."""
