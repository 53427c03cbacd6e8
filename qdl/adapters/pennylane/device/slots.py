"""The numbers of a tape, gathered into one vector that a batch shares and one that is per sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.engine.values import REAL, real_dtype
from qdl.errors import ValuesError
from qdl.ir.params import Angle, Param

SHARED, SAMPLED = "shared", "sampled"  # names of the two hidden Params


@dataclass
class Slots:
    """Numbers in the order in which a tape names them.

    Attributes
    ----------
    flags : list
        For each number whether it is per sample; for each array ``(width, per sample)``. They belong to the structure.
    scalars : two lists
        Numbers shared by the batch, and numbers per sample, (B,) each.
    arrays : two lists
        Arrays of several numbers, flat: (width,) and (B, width).
    batch : int or None
    """

    flags: list[Any] = field(default_factory=list)
    scalars: tuple[list[Any], list[Any]] = field(default_factory=lambda: ([], []))
    arrays: tuple[list[Any], list[Any]] = field(default_factory=lambda: ([], []))
    batch: int | None = None

    def add(self, value: Any) -> None:
        """Take one number, or one for each sample."""
        if type(value) is not float:
            shape = getattr(value, "shape", None)
            if shape is None and isinstance(value, (list, tuple)):
                value = np.asarray(value)
                shape = value.shape
            if shape:
                self._check_batch(shape, 1)
                self.scalars[1].append(value)
                self.flags.append(True)
                return
        self.scalars[0].append(value)
        self.flags.append(False)

    def add_array(self, value: Any, width: int, sampled: bool) -> None:
        """Take an array, (width,) or (B, width)."""
        if sampled:
            self._check_batch(value.shape, 2)
        self.arrays[sampled].append(value)
        self.flags.append((width, sampled))

    def _check_batch(self, shape: Sequence[int], dims: int) -> None:
        if len(shape) != dims:
            raise ValueError(f"a parameter has the wrong number of dimensions: its shape is {tuple(shape)}")
        if self.batch not in (None, shape[0]):
            raise ValueError(
                "The batch sizes of the quantum script operations do not match, "
                f"they include {self.batch} and {shape[0]}."
            )
        self.batch = int(shape[0])

    def expressions(self) -> list[Any]:
        """For each flag the entry of a hidden Param that stands for it, or a list of entries."""
        counts = [len(self.scalars[0]), len(self.scalars[1])]
        widths = [sum(f[0] for f in self.flags if isinstance(f, tuple) and f[1] == side) for side in (False, True)]
        sizes = [c + w for c, w in zip(counts, widths, strict=True)]
        params = [Param(name, size) if size else None for name, size in zip((SHARED, SAMPLED), sizes, strict=True)]
        nexts, arrays = [0, 0], counts
        found: list[Angle | list[Angle]] = []
        for flag in self.flags:
            width, side = (flag[0], int(flag[1])) if isinstance(flag, tuple) else (None, int(flag))
            param = params[side]
            assert param is not None
            if width is None:
                found.append(param[nexts[side]])
                nexts[side] += 1
            else:
                found.append([param[k] for k in range(arrays[side], arrays[side] + width)])
                arrays[side] += width
        return found

    def everything(self) -> list[Any]:
        """All values, of whatever kind."""
        return [*self.scalars[0], *self.scalars[1], *self.arrays[0], *self.arrays[1]]


@dataclass(frozen=True)
class Kind:
    """What the values of a tape are, and where and how precisely they are computed."""

    library: str  # "numpy", "torch" or "autograd"
    dtype: torch.dtype
    device: torch.device
    origin: torch.device


def kind_of(values: Sequence[Any], dtype: torch.dtype | None, device: Any) -> Kind:
    """The common kind of values: the widest precision among them; plain numbers have none, and count as float64."""
    tensors = [v for v in values if isinstance(v, Tensor)]
    if tensors:
        found = {t.dtype for t in tensors}
        places = {t.device for t in tensors}
        place = next((d for d in places if d.type != "cpu"), next(iter(places)))
        library = "torch"
    else:
        found = {t for v in values if (t := _TORCH.get(getattr(v, "dtype", None))) is not None}
        place = torch.device("cpu")
        library = "autograd" if any(type(v).__name__ == "ArrayBox" for v in values) else "numpy"
    floats = {REAL[t] for t in found if t in REAL}
    widest = torch.float64 if not floats or torch.float64 in floats else torch.float32
    return Kind(library, real_dtype(dtype) or widest, torch.device(device) if device is not None else place, place)


_TORCH = {
    np.dtype(np.float32): torch.float32,
    np.dtype(np.float64): torch.float64,
    np.dtype(np.complex64): torch.complex64,
    np.dtype(np.complex128): torch.complex128,
}


def vectors(slots: Slots, kind: Kind) -> dict[str, Tensor]:
    """The values of the hidden Params: (n,) shared and (B, m) per sample."""
    found = {}
    for side, name in enumerate((SHARED, SAMPLED)):
        parts = []
        if slots.scalars[side]:
            parts.append(_stacked(slots.scalars[side], kind))
        parts += [_tensor(a, kind) for a in slots.arrays[side]]
        if parts:
            found[name] = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
    return found


def _stacked(values: list[Any], kind: Kind) -> Tensor:
    """Numbers (n,) or columns (B, n)."""
    if kind.library != "torch":
        array = np.stack([np.asarray(v) for v in values], -1)
        return torch.as_tensor(_real(array), dtype=kind.dtype, device=kind.device)
    return torch.stack([_tensor(v, kind) for v in values], -1)


def _tensor(value: Any, kind: Kind) -> Tensor:
    if isinstance(value, Tensor):
        if value.is_complex():
            if not torch._C._are_functorch_transforms_active() and bool((value.detach().imag != 0).any()):
                raise ValuesError("an angle must be real", got=f"{value!r}"[:80])
            value = value.real
        return value if value.dtype == kind.dtype and value.device == kind.device else value.to(kind.device, kind.dtype)
    return torch.as_tensor(_real(np.asarray(value)), dtype=kind.dtype, device=kind.device)


def _real(array: np.ndarray) -> np.ndarray:
    if np.iscomplexobj(array):
        if np.any(array.imag):
            raise ValuesError("an angle must be real", got=f"{array!r}"[:80])
        return array.real
    if array.dtype.kind not in "fiub":
        raise ValuesError("an angle must be a number", got=f"{array!r}"[:80])
    return array
