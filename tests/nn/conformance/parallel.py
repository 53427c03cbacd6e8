"""Two processes that share a batch: each layer wrapped in torch's DistributedDataParallel, in one go for all."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

from tests.nn.conformance.passes import double, loss
from tests.nn.table import Row, rows

PROCESSES = 2


def shareable() -> list[Row]:
    """Rows whose gradient over a batch is the mean of those over its halves."""
    return [row for row in rows() if row.independent and not row.random and list(row.fresh().parameters())]


def by_two_processes(folder: Path) -> dict[str, dict[str, Tensor] | str]:
    """The gradients of each row's parameters, or what went wrong."""
    spawn(_one, (str(folder),), PROCESSES)
    found: dict[str, dict[str, Tensor] | str] = torch.load(folder / "found.pt")
    return found


def by_one_process(row: Row) -> dict[str, Tensor]:
    layer, inputs = double(row)
    return _gradients(layer, layer, tuple(x[:PROCESSES] for x in inputs))


def _one(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    found: dict[str, dict[str, Tensor] | str] = {}
    for row in shareable():
        try:
            layer = row.fresh(rank, dtype=torch.float64)  # the wrapper sends the first one's weights
            inputs = tuple(x[rank : rank + 1] for x in row.inputs(torch.float64))
            found[row.name] = _gradients(layer, DistributedDataParallel(layer, find_unused_parameters=True), inputs)
        except Exception as error:
            found[row.name] = repr(error)
    if rank == 0:
        torch.save(found, f"{folder}/found.pt")
    torch.distributed.barrier()  # nobody leaves while the other still talks to it
    torch.distributed.destroy_process_group()


def _gradients(layer: nn.Module, wrapped: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    loss(wrapped(*inputs)).backward()
    return {name: parameter.grad for name, parameter in layer.named_parameters() if parameter.grad is not None}
