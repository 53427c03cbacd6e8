"""PennyLane's observables as keys, and their coefficients as numbers of a tape."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from qdl.adapters.pennylane.device.form import Key
from qdl.adapters.pennylane.device.slots import Slots
from qdl.adapters.pennylane.operations.values import varies
from qdl.adapters.pennylane.operations.words import Term, of_word
from qdl.ir.observables import I, Observable


def gather(terms: Sequence[Term], slots: Slots) -> Key | None:
    """The key of an observable; coefficients that have gradients go to the slots. None if it is complex or batched."""
    key: list[Key] = []
    for c, word in terms:
        if varies(c):
            slots.add(c)
            key.append((True, word))
            continue
        number = np.asarray(c.detach().cpu() if hasattr(c, "detach") else c)
        if number.shape != () or (np.iscomplexobj(number) and number.imag != 0):
            return None
        key.append((float(number.real), word))
    return tuple(key)


def observable(key: Any, wires: Mapping[Hashable, int], expressions: list[Any]) -> Observable:
    """The observable of a key; expressions, from which it takes its own, stand for coefficients."""
    total = 0.0 * I()
    for c, word in key:
        total = total + (expressions.pop(0) if c is True else c) * of_word(word, wires)
    return total
