"""The precision in which a layer computes, and what it says to an input of another."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import LayerError

PRECISIONS = (torch.float32, torch.float64)


def outside_autocast(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A module's ``forward`` with autocast switched off: states do not survive half precision.

    Where autocast is on, floating inputs are brought to the parameters' precision, without parameters from half to
    single.
    """

    @wraps(forward)
    def run(self: Any, *inputs: Any) -> Tensor:
        device = next((x.device.type for x in inputs if isinstance(x, Tensor)), "cpu")
        if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
            return forward(self, *inputs)
        own = precision(self)
        with torch.autocast(device, enabled=False):
            return forward(self, *(_widened(x, own) for x in inputs))

    return run


def _widened(x: Any, own: torch.dtype | None) -> Any:
    if not (isinstance(x, Tensor) and x.is_floating_point()):
        return x
    return x.to(own) if own else x if x.dtype in PRECISIONS else x.float()


def precision(module: nn.Module) -> torch.dtype | None:
    """That of the module's parameters, None without any."""
    return next((parameter.dtype for parameter in module.parameters()), None)


def require_precision(x: Tensor, module: nn.Module) -> None:
    """Refuses an input whose precision is not that of the parameters, or neither single nor double, as after half()."""
    own = precision(module)
    if x.dtype not in PRECISIONS or (own and x.dtype != own):
        raise LayerError(
            "the input's precision is not the layer's",
            got=x.dtype,
            expected=own if own in PRECISIONS else "torch.float32 or torch.float64",
            do="convert the input with .to(dtype) or the layer with .float() or .double()",
        )


def require_known_precision(dtype: torch.dtype | None) -> None:
    """Refuses parameters that are neither single nor double."""
    if (torch.get_default_dtype() if dtype is None else dtype) not in PRECISIONS:
        raise LayerError("unknown precision", got=dtype, expected="torch.float32 or torch.float64")
