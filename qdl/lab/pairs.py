"""The table: a quantum layer, the frame that it stands in, and its classical twin of as many parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import networkx as nx
import torch
from torch import nn

import qdl.nn as quantum
from qdl.errors import QdlError
from qdl.lab.frames import CHANNELS, CONVOLUTIONS, FRAMES, KERNEL, WIDTH, Maker, Shape, build
from qdl.lab.tasks import Task
from qdl.lab.twins import Counted, MixedPool, Moments, Windowed, count

Twin = Callable[[Shape, int], nn.Module]


class Pair(NamedTuple):
    """A quantum layer and its twin; `frame` is a name in `FRAMES`, `words` say what the twin is."""

    frame: str
    quantum: Maker
    twin: Twin
    words: str


def network(layer: str, task: Task, side: str) -> nn.Module:
    """The network of a layer in `PAIRS` for a task, on the side "quantum" or "twin": with as many parameters."""
    pair = PAIRS[layer]

    def twin(shape: Shape) -> nn.Module:
        wanted = count(pair.quantum(shape))
        made = pair.twin(shape, wanted)
        if count(made) != wanted:
            raise QdlError(f"the twin of {layer} is no twin", got=count(made), expected=f"{wanted} parameters")
        return made

    return build(FRAMES[pair.frame], pair.quantum if side == "quantum" else twin, task)


def _by_dimension(kinds: tuple[Any, Any], *arguments: Any, **options: Any) -> Maker:
    return lambda shape: kinds[len(shape) - 2](*arguments, **options)


def _alone(make: Callable[..., nn.Module], *arguments: Any, **options: Any) -> Twin:
    """A twin that needs to know nothing."""
    return lambda shape, parameters: make(*arguments, **options)


_CONVOLUTION = (CHANNELS, KERNEL)
_QUANTUM_CONVOLUTIONS = (quantum.QuantumConv1d, quantum.QuantumConv2d)


def _plain(shape: Shape, parameters: int) -> nn.Module:
    return CONVOLUTIONS[len(shape) - 2](1, *_CONVOLUTION)


def _window(shape: Shape, outputs: int, parameters: int, each: bool = False) -> nn.Module:
    window = (2,) * (len(shape) - 1)
    return Windowed(Counted(2 ** len(window), outputs, parameters), window, each)


def _convolution(interaction: str, **options: Any) -> Pair:
    make = _by_dimension(_QUANTUM_CONVOLUTIONS, 1, *_CONVOLUTION, interaction=interaction, **options)
    return Pair("convolution", make, _plain, "Conv")


def _thermal_reading() -> Pair:
    def make(shape: Shape) -> nn.Module:
        return quantum.ThermalReading(_QUANTUM_CONVOLUTIONS[len(shape) - 2](1, *_CONVOLUTION))

    return Pair("convolution", make, _plain, "Conv")


def _cells() -> Pair:
    make = _by_dimension(_QUANTUM_CONVOLUTIONS, 1, WIDTH, 2, 2, interaction="su4", readout="all")
    twin: Twin = lambda shape, parameters: _window(shape, WIDTH, parameters)  # noqa: E731
    return Pair("convolution", make, twin, "affine map and tanh units on the same windows")


def _dense(make: Callable[[], nn.Module]) -> Pair:
    """Features to as many as the layer gives, against a classical map of as many."""

    def twin(shape: Shape, parameters: int) -> nn.Module:
        given = make()(torch.full((1, WIDTH), 0.5)).shape[-1]
        return Counted(WIDTH, given, parameters)

    return Pair("dense", lambda shape: make(), twin, "affine map and tanh units")


def _neuron(interaction: str) -> Pair:
    make = partial(quantum.QuantumNeuron, WIDTH, WIDTH, interaction=interaction)
    return Pair("dense", lambda shape: make(), _alone(nn.Linear, WIDTH, WIDTH), "Linear")


def _encoded(name: str, wires: int = WIDTH) -> Pair:
    """An encoding, read by a circuit of two-qubit cells."""
    return _dense(partial(quantum.QuantumNeuron, WIDTH, wires, interaction="su4", encoding=name, readout="all"))


def _machine() -> nn.Module:
    return quantum.FreeEnergyClassifier(quantum.RBM(2 * WIDTH, WIDTH), WIDTH)


def _quantum_machine() -> nn.Module:
    graph = nx.complete_bipartite_graph(2 * WIDTH, 2)
    return quantum.FreeEnergyClassifier(quantum.QBM(2 * WIDTH, 2, graph=graph), WIDTH, off=-1.0)


def _ensemble(combine: str) -> nn.Module:
    micro = quantum.QuantumNeuron(WIDTH, WIDTH, interaction="su4", readout="all")
    return quantum.Ensemble([micro, _machine()], combine, outputs="logits")


def _pool(kinds: tuple[Any, Any], twin: Twin, words: str, frame: str = "map", **options: Any) -> Pair:
    return Pair(frame, _by_dimension(kinds, 2, **options), twin, words)


def _weighted(shape: Shape, parameters: int) -> nn.Module:
    return _window(shape, 1, parameters, each=True)


def _mixed(shape: Shape, parameters: int) -> nn.Module:
    return MixedPool(len(shape) - 1, 2)


def _average(shape: Shape, parameters: int) -> nn.Module:
    return (nn.AvgPool1d, nn.AvgPool2d)[len(shape) - 2](2)


def _activation(make: Callable[[], nn.Module], twin: type[nn.Module]) -> Pair:
    return Pair("activation", lambda shape: make(), _alone(twin), twin.__name__)


def _free(make: Callable[[], nn.Module], twin: Callable[[], nn.Module], words: str) -> Pair:
    """Of features, without parameters."""
    return Pair("dense", lambda shape: make(), _alone(twin), words)


def _batch_norm(shape: Shape, parameters: int) -> nn.Module:
    return (nn.BatchNorm1d, nn.BatchNorm2d)[len(shape) - 2](CHANNELS)


_NORMS = (quantum.QuantumNorm1d, quantum.QuantumNorm2d)
_THERMAL = (quantum.ThermalPool1d, quantum.ThermalPool2d)
_MEASURED = (quantum.QuantumPool1d, quantum.QuantumPool2d)
_BLOCKS = (quantum.BlockSpin1d, quantum.BlockSpin2d)

PAIRS: dict[str, Pair] = {
    "QuantumConv, detector": _convolution("detector"),
    "QuantumConv, detector, excitation": _convolution("detector", readout="excitation"),
    "QuantumConv, exchange": _convolution("exchange"),
    "QuantumConv, displaced": _convolution("displaced"),
    "QuantumConv, translation": _convolution("translation"),
    "QuantumConv, su4 cells": _cells(),
    "ThermalReading, detector": _thermal_reading(),
    "QuantumNeuron, detector": _neuron("detector"),
    "QuantumNeuron, exchange": _neuron("exchange"),
    "QuantumNeuron, displaced": _neuron("displaced"),
    "ProbabilityEncoding": _encoded("probability"),
    "SignedEncoding": _encoded("signed"),
    "AmplitudeEncoding": _encoded("amplitude", 2),
    "AngleEncoding": _encoded("angle"),
    "DenseAngleEncoding": _encoded("dense_angle", 2),
    "IQPEncoding": _encoded("iqp"),
    "ZZEncoding": _encoded("zz"),
    "ChebyshevEncoding": _encoded("chebyshev"),
    "FourierEncoding": _encoded("fourier"),
    "HamiltonianEncoding": _encoded("hamiltonian", 5),
    "CoherentEncoding": _encoded("coherent", 8),
    "DataReuploading, angle": _dense(partial(quantum.DataReuploading, WIDTH, 2)),
    "DataReuploading, fourier": _dense(partial(quantum.DataReuploading, WIDTH, 2, "fourier")),
    "MomentumNeuron": Pair(
        "dense", lambda shape: quantum.MomentumNeuron(WIDTH, WIDTH), _alone(nn.Linear, WIDTH, WIDTH), "Linear"
    ),
    "PositionNeuron": _free(
        lambda: quantum.PositionNeuron(WIDTH, ("mean", "variance")), Moments, "mean and variance of the features"
    ),
    "ThermalPool": _pool(_THERMAL, _mixed, "MaxPool and AvgPool, mixed by a parameter", trainable=True),
    "QuantumPool": _pool(_MEASURED, _weighted, "affine map of the window"),
    "BlockSpin": _pool(_BLOCKS, _average, "AvgPool", "spin map", temperature=1.0),
    "Photoelectric, T = 0.3": _activation(partial(quantum.Photoelectric, 0.3), nn.ReLU),
    "Photoelectric, T trained": _activation(partial(quantum.Photoelectric, trainable=True), nn.PReLU),
    "Fermi, T = 0.5": _activation(partial(quantum.Fermi, 0.5), nn.Sigmoid),
    "Magnetisation, T = 0.5": _activation(partial(quantum.Magnetisation, 0.5), nn.Tanh),
    "Rabi": _activation(quantum.Rabi, nn.Tanh),
    "RepeatUntilSuccess": _activation(quantum.RepeatUntilSuccess, nn.Sigmoid),
    "QuantumNorm": Pair("norm", _by_dimension(_NORMS, CHANNELS), _batch_norm, "BatchNorm"),
    "BornNorm": _free(quantum.BornNorm, partial(nn.LayerNorm, WIDTH, elementwise_affine=False), "LayerNorm"),
    "Gibbs, T = 0.5": _free(partial(quantum.Gibbs, temperature=0.5), partial(nn.Softmax, -1), "Softmax"),
    "TacchinoPerceptron": _dense(partial(quantum.TacchinoPerceptron, WIDTH, WIDTH)),
    "QCNN": _dense(partial(quantum.QCNN, WIDTH, readout="bloch")),
    "ThermalLayer": _dense(partial(quantum.ThermalLayer, WIDTH, WIDTH)),
    "RBM": _dense(_machine),
    "QBM": _dense(_quantum_machine),
    "Ensemble, mixture": _dense(partial(_ensemble, "mixture")),
    "Ensemble, product": _dense(partial(_ensemble, "product")),
}
