"""A control variate for what trajectories read: their norms, which are 1 on average, for values and for derivatives.

F - c (N - 1) is on average what F is, for any c that these trajectories have not chosen. Each half of them takes the
ratio of means of the other half, which is what the spread of N is best weighted with where F follows N. (ours)
"""

from __future__ import annotations

import torch
from torch import Tensor


def controlled(read: Tensor, norms: Tensor) -> Tensor:
    """What each trajectory reads, (S, T, m), freed of what its norm varies, (S, T, m or 1)."""
    half = read.shape[1] // 2
    if not half:
        return read
    ratios = []
    for part in (slice(half, None), slice(None, half)):
        mean, norm = (t[:, part].detach().mean(1, keepdim=True) for t in (read, norms))
        ratios.append(torch.where(norm > 0, mean / norm.clamp(min=1e-3), 0))
    counts = torch.tensor([half, read.shape[1] - half], device=read.device)
    return read - torch.cat(ratios, 1).repeat_interleave(counts, 1) * (norms - 1)
