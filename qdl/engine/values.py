"""Values: what a user passes for the Params becomes flat tensors, shared by the batch or one row per sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Param

REAL = {torch.float32: torch.float32, torch.complex64: torch.float32, torch.float64: torch.float64}
REAL[torch.complex128] = torch.float64
COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


@dataclass(frozen=True)
class Values:
    """Checked values of all Params.

    Attributes
    ----------
    tensors : dict
        Param name to a tensor of shape (size,) where shared, (B, size) where per sample.
    batch : tuple of int
        The batch's shape; its product is B.
    dtype : torch.dtype
        The real precision.
    device : torch.device
    """

    tensors: dict[str, Tensor]
    batch: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device
    validate: bool = False
    at_once: bool = False  # of trajectories: whether all draws are made at once

    @property
    def sampled(self) -> frozenset[str]:
        return frozenset(name for name, value in self.tensors.items() if value.dim() == 2)

    @property
    def samples(self) -> int:
        return math.prod(self.batch)

    def rows(self, start: int, stop: int) -> Values:
        """The same values for samples start to stop only."""
        cut = {name: v[start:stop] if v.dim() == 2 else v for name, v in self.tensors.items()}
        return Values(cut, (stop - start,), self.dtype, self.device, self.validate, self.at_once)


def repeated(values: Values, count: int, at_once: bool = False) -> Values:
    """Every sample `count` times, one after the other."""
    samples = max(1, values.samples)
    tensors = {name: v.repeat_interleave(count, 0) if v.dim() == 2 else v for name, v in values.tensors.items()}
    return Values(tensors, (samples * count,), values.dtype, values.device, values.validate, at_once)


def real_dtype(dtype: torch.dtype | None) -> torch.dtype | None:
    """The real precision that a real or complex dtype names."""
    if dtype is None:
        return None
    if dtype not in REAL:
        raise ValuesError(
            "this dtype names no precision", got=dtype, expected="float32, float64 or their complex forms"
        )
    return REAL[dtype]


def bind(
    params: Sequence[Param],
    values: Mapping[str, Any] | None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    validate: bool = True,
) -> Values:
    """Check values against Params and lay them out flat.

    Raises
    ------
    ValuesError
        For a missing or surplus name, a wrong size, batch shapes that do not broadcast, mixed precision or devices,
        complex or integer tensors, and (with `validate`) numbers that are not finite.
    """
    values = {} if values is None else values
    if not isinstance(values, Mapping):
        raise ValuesError("values must be a dict from Param name to numbers", got=type(values).__name__)
    _check_names(params, values)
    tensors = {name: v for name, v in values.items() if isinstance(v, Tensor)}
    for name, tensor in tensors.items():
        if tensor.dtype not in COMPLEX:
            raise ValuesError(
                f"values of {name!r} must be real floating point", got=tensor.dtype, expected="torch.float32 or float64"
            )
    precision = real_dtype(dtype) or _one({n: t.dtype for n, t in tensors.items()}, "precision") or torch.float32
    where = torch.device(device) if device is not None else _one({n: t.device for n, t in tensors.items()}, "device")
    where = where or torch.device("cpu")
    out = {p.name: _tensor(p, values[p.name], precision, where) for p in params}
    validate = validate and not torch._C._are_functorch_transforms_active()
    if validate:
        for name, tensor in out.items():
            check_finite(f"values of {name!r}", tensor)
    shapes = {name: tuple(tensor.shape[:-1]) for name, tensor in out.items()}
    try:
        several = len(set(shapes.values()) - {()}) > 1
        batch = np.broadcast_shapes(*shapes.values()) if several else max(shapes.values(), key=len, default=())
    except ValueError:
        named = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValuesError("batch shapes do not broadcast", got=named, do="make the leading dimensions fit") from None
    for name, tensor in out.items():
        if tensor.dim() > 1 and (tensor.dim() != 2 or shapes[name] != batch):
            out[name] = tensor.expand(*batch, tensor.shape[-1]).reshape(-1, tensor.shape[-1])
    return Values(out, batch, precision, where, validate)


def _check_names(params: Sequence[Param], values: Mapping[str, Any]) -> None:
    names = [p.name for p in params]
    missing = [name for name in names if name not in values]
    surplus = [name for name in values if name not in names]
    if missing:
        raise ValuesError("unbound parameters", got=sorted(values), expected=names, do=f"pass values for {missing}")
    if surplus:
        raise ValuesError("surplus parameters", got=surplus, expected=names, do="take them out of the values")


def _one(found: Mapping[str, Any], what: str) -> Any:
    kinds = set(found.values())
    if len(kinds) > 1:
        named = ", ".join(f"{name}: {kind}" for name, kind in found.items())
        raise ValuesError(f"values of mixed {what}", got=named, do=f"convert them, or pass {_OPTION[what]}=")
    return next(iter(kinds), None)


_OPTION = {"precision": "dtype", "device": "device"}


def _tensor(param: Param, value: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    if isinstance(value, Tensor):
        tensor = value.to(device=device, dtype=dtype)
    else:
        tensor = torch.as_tensor(_numbers(param.name, value), dtype=dtype, device=device)
    if param.size == 1 and tensor.dim() == 0:
        tensor = tensor.reshape(1)
    if tensor.dim() == 0 or tensor.shape[-1] != param.size:
        raise ValuesError(
            f"wrong size for Param {param.name!r}",
            got=f"shape {tuple(tensor.shape)}",
            expected=f"(*batch, {param.size})",
        )
    return tensor


def _numbers(name: str, value: Any) -> Any:
    """Numbers, lists or arrays as a float64 array; what is not real is refused."""
    if isinstance(value, (list, tuple)) and any(isinstance(v, Tensor) for v in value):
        raise ValuesError(f"values of {name!r} are a list of tensors", do="use torch.stack, which keeps gradients")
    typed = isinstance(value, (np.ndarray, np.generic))
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValuesError(f"values of {name!r} are no array of numbers", got=str(error)) from None
    # Plain Python integers are numbers without a precision; an integer array is a mistake more often than a value.
    if array.dtype.kind == "f" or (array.dtype.kind in "iu" and not typed):
        return array.astype(np.float64)
    raise ValuesError(
        f"values of {name!r} must be real floating point", got=array.dtype, do="convert with .astype(float)"
    )


def check_finite(what: str, tensor: Tensor) -> None:
    """Refuse NaN and infinity: at once on the CPU, by an asynchronous assert on CUDA, not at all on meta."""
    tensor = tensor.detach()
    # What is finite has a finite sum, or (then look closer) a very large one.
    if tensor.device.type == "cpu" and math.isfinite(tensor.sum().item()):
        return
    check(what, torch.isfinite(tensor), "finite numbers")


def check(what: str, good: Tensor, expected: str) -> None:
    """Refuse values where `good` is False anywhere."""
    if good.device.type == "meta" or good.numel() == 0:
        return
    if good.device.type == "cuda":
        torch._assert_async(good.all(), f"{what}: expected {expected}")
    elif not bool(good.all()):
        bad = int((~good).sum())
        raise ValuesError(f"{what} cannot be used", got=f"{bad} bad of {good.numel()}", expected=expected)
