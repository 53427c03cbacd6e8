"""A PennyLane user's trainable quanvolution, with one word changed: the name of the device.

    python examples/pennylane_quanvolution.py

Every 2x2 patch of a handwritten digit (8x8, scikit-learn's) is encoded in four qubits, entangled by trained layers and
read as four channels, before a linear head: a QNode in a TorchLayer, the batch of patches broadcast. The script is
trained on each device in turn, from the same weights on the same images, and what an epoch takes is printed.
"""

from __future__ import annotations

import argparse
import time

import pennylane as qml
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from torch import Tensor, nn

WIRES, LAYERS, BATCH = 4, 2, 64


class Quanvolution(nn.Module):
    """Images (B, 8, 8) to channels (B, 196)."""

    def __init__(self, device: str) -> None:
        super().__init__()

        @qml.qnode(qml.device(device, wires=WIRES))  # the line that changes
        def circuit(inputs: Tensor, weights: Tensor) -> list[Tensor]:
            qml.AngleEmbedding(torch.pi * inputs, wires=range(WIRES), rotation="Y")
            qml.StronglyEntanglingLayers(weights, wires=range(WIRES))
            return [qml.expval(qml.Z(wire)) for wire in range(WIRES)]

        self.layer = qml.qnn.TorchLayer(circuit, {"weights": (LAYERS, WIRES, 3)})

    def forward(self, images: Tensor) -> Tensor:
        patches = images.unfold(1, 2, 1).unfold(2, 2, 1).reshape(-1, WIRES)
        return self.layer(patches).reshape(len(images), -1)


def train(device: str, epochs: int, seed: int) -> tuple[float, float, float]:
    """Seconds of an epoch, the last loss, and the accuracy on images that were not trained on."""
    torch.manual_seed(seed)
    digits = load_digits()
    images, classes = torch.tensor(digits.images / 16, dtype=torch.float32), torch.tensor(digits.target)
    model = nn.Sequential(Quanvolution(device), nn.Linear(196, 10))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    order = torch.randperm(len(images))
    kept, held = order[:1280], order[1280:]
    model(images[held[:BATCH]]).sum().backward()  # what is done once is not counted
    start, loss = time.perf_counter(), torch.zeros(())
    for _ in track(range(epochs), f"{device}", console=Console(stderr=True)):
        for rows in kept[torch.randperm(len(kept))].split(BATCH):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(images[rows]), classes[rows])
            loss.backward()
            optimiser.step()
    seconds = (time.perf_counter() - start) / epochs
    with torch.no_grad():
        right = model(images[held]).argmax(-1) == classes[held]
    return seconds, loss.item(), right.float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    table = Table("device", "an epoch", "last loss", "test accuracy")
    found = {name: train(name, chosen.epochs, chosen.seed) for name in ("default.qubit", "qdl.state")}
    for name, (seconds, loss, accuracy) in found.items():
        table.add_row(name, f"{1e3 * seconds:.0f} ms", f"{loss:.4f}", f"{accuracy:.3f}")
    console = Console()
    console.print(table)
    console.print(f"{found['default.qubit'][0] / found['qdl.state'][0]:.1f} times faster")


if __name__ == "__main__":
    main()
