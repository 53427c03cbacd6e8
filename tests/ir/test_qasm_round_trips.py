"""Random circuits to OpenQASM and back, and text to circuits to text: the same unitary, the same Params."""

from __future__ import annotations

import pytest

from qdl.errors import QasmError
from qdl.ir.qasm import from_qasm, to_qasm
from tests.round_trips import bound, drawn, same, seeds, sizes


def there_and_back(seed: int) -> None:
    c, values = drawn(seed, 15)
    expected = c.matrix(values)
    text = to_qasm(c)
    again = from_qasm(text)
    assert sizes(again) == sizes(c)
    same(again.matrix(values), expected)
    assert to_qasm(again) == text
    # Version 2 knows no inputs: Params are bound first, and a global phase is refused by name.
    if c.params:
        with pytest.raises(QasmError, match="has no inputs"):
            to_qasm(c, 2)
    try:
        old = to_qasm(bound(c, values), 2)
    except QasmError as error:
        assert "global phase" in str(error) or "no controls of" in str(error)  # noqa: PT017
        return
    same(from_qasm(old).matrix(), expected)
    same(from_qasm(to_qasm(from_qasm(old), 2)).matrix(), expected)


@seeds(60, slow=2000)
def test_random_circuits_come_back(some: range) -> None:
    for seed in some:
        there_and_back(seed)
