"""Training for a noisy device: a classifier trained without its noise loses accuracy there, one that knows it less.

    python examples/noise_aware.py --figure noise_aware.png

Four kinds of digits, four principal components each, four qubits, one <Z> for each class, no classical layer behind.
The noise is that of a fake backend of qiskit-ibm-runtime, complete: gate errors, T1 and T2, durations, readout errors,
and every gate in the device's own gates. For each seed a model is trained without noise, looked at on the device
(`qdl.nn.configure`), and trained on for half as long, with and without the noise.
"""

from __future__ import annotations

import argparse
import warnings

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

import qdl
from qdl.nn import QuantumLayer, configure

WIRES, LAYERS, SHARPNESS = 4, 4, 3.0


def data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Digits 0 to 3 as angles: training inputs and classes, test inputs and classes."""
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split

    images, classes = load_digits(n_class=4, return_X_y=True)
    train, test, labels, test_labels = train_test_split(
        images, classes, test_size=0.4, random_state=0, stratify=classes
    )
    parts = PCA(WIRES, random_state=0).fit(train)
    train, test = (torch.tensor(parts.transform(rows), dtype=torch.float32) for rows in (train, test))
    scale = 1.2 / train.std(0)
    return train * scale, torch.tensor(labels), test * scale, torch.tensor(test_labels)


def circuit() -> qdl.Circuit:
    """Every layer reads the input again, turns each wire, and entangles along the device's line."""
    x, theta = qdl.Param("x", WIRES), qdl.Param("theta", 2 * WIRES * LAYERS)
    made, angles = qdl.Circuit(WIRES), iter(theta)
    for _ in range(LAYERS):
        for wire in range(WIRES):
            made.ry(x[wire], wire).rz(next(angles), wire).ry(next(angles), wire)
        for wire in range(WIRES - 1):
            made.cx(wire, wire + 1)
    return made


def fit(layer: QuantumLayer, x: Tensor, y: Tensor, epochs: int, rate: float) -> None:
    optimiser = torch.optim.Adam(layer.parameters(), lr=rate)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            loss = torch.nn.functional.cross_entropy(SHARPNESS * layer(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


@torch.no_grad()
def accuracy(layer: QuantumLayer, x: Tensor, y: Tensor) -> float:
    return (layer(x).argmax(-1) == y).float().mean().item()


def one(seed: int, noise: qdl.NoiseModel, epochs: int) -> dict[str, float]:
    """Accuracies of one seed."""
    torch.manual_seed(seed)
    x, y, test_x, test_y = data()
    ideal = {"engine": "state", "noise": None}
    device = {"engine": "density", "noise": noise}
    layer = QuantumLayer(circuit(), [qdl.Z(w) for w in range(WIRES)])
    fit(layer, x, y, epochs, 0.05)
    found = {"ideal, run ideally": accuracy(layer, test_x, test_y)}
    start = {name: value.clone() for name, value in layer.state_dict().items()}
    found["ideal, on the device"] = accuracy(configure(layer, **device), test_x, test_y)
    for name, options in (("trained on ideally", ideal), ("trained on with noise", device)):
        layer.load_state_dict(start)
        fit(configure(layer, **options), x, y, epochs // 2, 0.02)
        found[f"{name}, on the device"] = accuracy(configure(layer, **device), test_x, test_y)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="FakeRochesterV2", help="a fake backend of qiskit-ibm-runtime")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--figure", help="where to draw the result")
    asked = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit_ibm_runtime import fake_provider

    noise = qdl.NoiseModel.from_backend(getattr(fake_provider, asked.device)())
    rows = [one(seed, noise, asked.epochs) for seed in track(range(asked.seeds), "seeds", transient=True)]
    table = Table(title=f"test accuracy, {asked.device}, {asked.seeds} seeds")
    for column in ("", "mean", "std", *(f"seed {seed}" for seed in range(asked.seeds))):
        table.add_column(column, justify="right" if column else "left")
    for name in rows[0]:
        found = torch.tensor([row[name] for row in rows])
        table.add_row(name, f"{found.mean():.3f}", f"{found.std():.3f}", *(f"{value:.3f}" for value in found.tolist()))
    Console().print(table)
    if asked.figure:
        draw(rows, asked.figure)


def draw(rows: list[dict[str, float]], path: str) -> None:
    """Every seed a line from left to right."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    names = list(rows[0])
    for row in rows:
        axes.plot(range(len(names)), [row[name] for name in names], "o-", color="#4477aa", alpha=0.6)
    axes.set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    axes.set_ylabel("test accuracy")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
