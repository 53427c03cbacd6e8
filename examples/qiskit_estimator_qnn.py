"""A Qiskit user's EstimatorQNN in a TorchConnector, with one line changed: which Estimator it is given.

    python examples/qiskit_estimator_qnn.py

Digits 0 and 1 (scikit-learn's), four principal components each, are told apart by a ZZFeatureMap and RealAmplitudes on
four qubits. The network is trained with Qiskit's StatevectorEstimator and with qdl's, from the same weights on the same
images; gradients are qiskit-machine-learning's own, parameter shifts through whatever Estimator there is.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch
from qiskit.circuit.library import real_amplitudes, zz_feature_map
from qiskit.primitives import StatevectorEstimator
from qiskit_machine_learning.connectors import TorchConnector
from qiskit_machine_learning.neural_networks import EstimatorQNN
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from qdl.adapters.qiskit import Estimator

WIRES, BATCH = 4, 20


def network(estimator: Any) -> EstimatorQNN:
    """<ZZZZ> of a circuit that encodes four numbers."""
    features, ansatz = zz_feature_map(WIRES, reps=1), real_amplitudes(WIRES, reps=2)
    return EstimatorQNN(
        circuit=features.compose(ansatz),
        estimator=estimator,  # the line that changes
        input_params=features.parameters,
        weight_params=ansatz.parameters,
    )


def train(estimator: Any, epochs: int, seed: int) -> tuple[float, float, float]:
    """Seconds of an epoch, the last loss, and the accuracy on images that were not trained on."""
    rng = np.random.default_rng(seed)
    images, classes = load_digits(n_class=2, return_X_y=True)
    parts = PCA(WIRES, random_state=0).fit_transform(images)
    x = torch.tensor(parts / np.abs(parts).max(0), dtype=torch.float32)
    y = torch.tensor(1.0 - 2.0 * classes, dtype=torch.float32)
    order = torch.tensor(rng.permutation(len(x)))
    kept, held = order[: 5 * BATCH], order[5 * BATCH : 10 * BATCH]
    qnn = network(estimator)
    model = TorchConnector(qnn, initial_weights=rng.uniform(-1, 1, qnn.num_weights))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    model(x[held[:BATCH]]).sum().backward()  # what is done once is not counted
    start, loss = time.perf_counter(), torch.zeros(())
    for _ in track(range(epochs), type(estimator).__module__.split(".")[0], console=Console(stderr=True)):
        for rows in kept.split(BATCH):
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x[rows])[:, 0], y[rows])
            loss.backward()
            optimiser.step()
    seconds = (time.perf_counter() - start) / epochs
    with torch.no_grad():
        right = torch.sign(model(x[held])[:, 0]) == y[held]
    return seconds, loss.item(), right.float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    table = Table("estimator", "an epoch", "last loss", "test accuracy")
    estimators = {"qiskit's StatevectorEstimator": StatevectorEstimator(), "qdl's Estimator": Estimator()}
    found = {name: train(estimator, chosen.epochs, chosen.seed) for name, estimator in estimators.items()}
    for name, (seconds, loss, accuracy) in found.items():
        table.add_row(name, f"{seconds:.2f} s", f"{loss:.4f}", f"{accuracy:.3f}")
    console = Console()
    console.print(table)
    slow, quick = (seconds for seconds, _, _ in found.values())
    console.print(f"{slow / quick:.1f} times faster")


if __name__ == "__main__":
    main()
