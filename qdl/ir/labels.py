"""What another tool called the parts of a circuit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Labels:
    """Names that came with a circuit, for the way back; they change nothing of what it does.

    Attributes
    ----------
    name : str or None
        Of the circuit.
    wires : tuple of (str, int)
        Registers of wires and their sizes, in the order of the wires.
    bits : tuple of (str or None, tuple of str)
        Registers of bits and what their bits are called here, measured or not; None for bits of no register.
    params : dict
        The name of a Param to the other tool's, and whether that is a vector.
    """

    name: str | None = None
    wires: tuple[tuple[str, int], ...] = ()
    bits: tuple[tuple[str | None, tuple[str, ...]], ...] = ()
    params: dict[str, tuple[str, bool]] = field(default_factory=dict)
