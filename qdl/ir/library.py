"""The library of cells: small circuits in ``circuits/*.qasm``."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from qdl import registry
from qdl.errors import CircuitError, QasmError
from qdl.ir.circuit import Circuit


@cache
def _folder() -> Path:
    """Where the cells lie: in a wheel inside the package, in a checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_circuits", package.parent / "circuits"):
        if folder.is_dir():
            return folder
    raise CircuitError("the library of cells is missing", got=str(package / "_circuits"), do="install qdl again")


def cells() -> list[str]:
    """The names of the cells that qdl brings along, sorted.

    Examples
    --------
    >>> "su4" in cells()
    True
    """
    return sorted(path.stem for path in _folder().glob("*.qasm"))


def cell(name: str | Path) -> Circuit:
    """A cell of the library by name, or any OpenQASM file by path.

    Parameters
    ----------
    name : str or Path
        A name among `cells`, or the path of a file, which ends in ``.qasm``.

    Returns
    -------
    Circuit
        A copy of its own, to be appended, tiled or grown.

    Raises
    ------
    CircuitError
        If there is no such cell; the nearest names are given.
    QasmError
        If the file cannot be read, naming file, line and construct.

    Examples
    --------
    >>> cell("so4")
    <Circuit: 2 wires, 8 gates, Params theta[6]>
    """
    path = cell_path(name)
    try:
        stamp = path.stat()
        return _read(path, stamp.st_mtime_ns, stamp.st_size).copy()
    except OSError as error:
        raise CircuitError(f"cannot read the cell {str(path)!r}", got=error.strerror or error) from None


def cell_path(name: str | Path) -> Path:
    """The file of a cell by name, or a path as it is.

    Raises
    ------
    CircuitError
        If there is no cell of that name; the nearest names are given.

    Examples
    --------
    >>> cell_path("so4").name
    'so4.qasm'
    """
    if not isinstance(name, (str, Path)):
        raise CircuitError("a cell has a name or a path", got=type(name).__name__, expected="str or Path")
    return Path(name).absolute() if isinstance(name, Path) or name.endswith(".qasm") else _named(name)


def _named(name: str) -> Path:
    path = _folder() / f"{name}.qasm"
    if name not in cells():
        close = get_close_matches(name, cells(), n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "`qdl circuits list` names all cells"
        raise CircuitError(f"unknown cell {name!r}", do=hint + "; a file's path ends in '.qasm'")
    return path


@lru_cache(maxsize=256)
def _read(path: Path, changed: int, size: int) -> Circuit:
    # Time and size of the file belong to the cache's key only, so that an edited cell is read again.
    try:
        return registry.converter("from_qasm")(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise QasmError(f"{path.name}: the file is not UTF-8 text") from None
    except QasmError as error:
        raise QasmError(f"{path.name}: {error}") from None
