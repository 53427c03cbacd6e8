"""Powers of a small number, fitted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch


def log_slope(points: Iterable[tuple[Any, Any]]) -> float:
    """The slope of log y against log x, by least squares."""
    x, y = np.log([[float(torch.as_tensor(one).detach()) for one in pair] for pair in points]).T
    return float(np.polyfit(x, y, 1)[0])
