"""Trailing gates that words of Z's make superfluous.

The value of a word w behind a gate U is that of U^+ w U in front of it. A diagonal gate leaves words of Z's alone;
a gate that permutes basis states linearly, such as CX and SWAP, turns them into other words of Z's. Such gates at the
end of a circuit are not simulated, and what they were is read instead: the entangling layer and the last rotations
about Z of a common ansatz cost nothing, and the gradients of those rotations are zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdl.ir import Operation
from qdl.ir.gates import parity_images
from qdl.ir.observables import Atom, Word


def absorb(operations: Sequence[Operation], words: Sequence[Word]) -> tuple[list[Operation], list[Word]]:
    """The operations with those absorbed acting on no wires, and the words they have turned into.

    Nothing is absorbed unless all words are of Z's.
    """
    if not all(atom.letter == "Z" for word in words for atom in word):
        return list(operations), list(words)
    masks = [{atom.wires[0] for atom in word} for word in words]
    left = list(operations)
    closed: set[int] = set()
    for index in range(len(operations) - 1, -1, -1):
        op = operations[index]
        images = None if closed.intersection(op.wires) else parity_images(op.gate)
        if images is None:
            closed.update(op.wires)
            continue
        left[index] = replace(op, wires=())
        for mask in masks:
            read = [k for k, wire in enumerate(op.wires) if wire in mask]
            mask.difference_update(op.wires)
            for k in read:
                mask.symmetric_difference_update(op.wires[i] for i in images[k])
    return left, [tuple(Atom((wire,), "Z") for wire in sorted(mask)) for mask in masks]
