"""The few error classes of qdl. Every message says what was got, what was expected and what to do."""

from __future__ import annotations


class QdlError(Exception):
    """Base class of every error that qdl raises on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence without a final stop.
    got, expected, do : str, optional
        What was received, what would have been right, and the remedy.

    Examples
    --------
    >>> str(QdlError("wrong number of angles", got="2", expected="1", do="pass one angle to 'rx'"))
    "wrong number of angles: got 2, expected 1; pass one angle to 'rx'"
    """

    def __init__(self, problem: str, *, got: object = None, expected: object = None, do: object = None) -> None:
        facts = [f"got {got}"] if got is not None else []
        facts += [f"expected {expected}"] if expected is not None else []
        message = problem + (": " + ", ".join(facts) if facts else "")
        super().__init__(message + (f"; {do}" if do is not None else ""))


class CircuitError(QdlError, ValueError):
    """A circuit, gate, wire, observable or expression that makes no sense."""


class QasmError(CircuitError):
    """OpenQASM text that is malformed or outside what qdl reads; the message names the line."""


class ValuesError(QdlError, ValueError):
    """Values that do not fit a circuit's Params: names, shapes, precision or numbers."""


class LayerError(ValuesError, RuntimeError, TypeError):
    """Sizes or inputs that a layer cannot take.

    Torch's layers raise ValueError, RuntimeError or TypeError for these, as it comes: whoever catches torch's catches
    this one.
    """


class UnsupportedError(QdlError, NotImplementedError):
    """A combination of engine, gradient and request that cannot be carried out correctly."""


class MemoryBudgetError(QdlError, MemoryError):
    """A computation that would need more memory than there is; raised before anything is allocated."""


class DataError(QdlError, ValueError):
    """Training data that is missing, empty or malformed."""


class RunFolderError(QdlError, OSError):
    """A run folder or checkpoint that is missing, damaged or does not fit the request."""
