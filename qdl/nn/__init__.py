"""Torch modules whose neurons are quantum systems: the plan is made in ``__init__`` and carried out in ``forward``."""

from __future__ import annotations

from qdl.nn.activation import Fermi, Magnetisation, Photoelectric, Rabi
from qdl.nn.activation_threshold import RepeatUntilSuccess
from qdl.nn.boltzmann import QBM, RBM
from qdl.nn.configure import configure
from qdl.nn.conv import QuantumConv1d, QuantumConv2d, QuantumConv3d
from qdl.nn.encoding import (
    AmplitudeEncoding,
    AngleEncoding,
    ChebyshevEncoding,
    CoherentEncoding,
    DenseAngleEncoding,
    Encoding,
    FourierEncoding,
    HamiltonianEncoding,
    IQPEncoding,
    ProbabilityEncoding,
    SignedEncoding,
    ZZEncoding,
)
from qdl.nn.ensemble import Ensemble, FreeEnergyClassifier
from qdl.nn.layer import QuantumLayer
from qdl.nn.losses import (
    FreeEnergyLoss,
    MaxEntDualLoss,
    ProbabilityCrossEntropyLoss,
    QuantumRelativeEntropyLoss,
    RelativeEntropyLoss,
)
from qdl.nn.neurons import MomentumNeuron, PositionNeuron, QuantumNeuron
from qdl.nn.norm import BornNorm, Gibbs, QuantumNorm1d, QuantumNorm2d, QuantumNorm3d
from qdl.nn.perceptron import TacchinoPerceptron
from qdl.nn.pooling import (
    BlockSpin1d,
    BlockSpin2d,
    BlockSpin3d,
    QuantumPool1d,
    QuantumPool2d,
    QuantumPool3d,
    ThermalPool1d,
    ThermalPool2d,
    ThermalPool3d,
    pool_wires,
)
from qdl.nn.qcnn import QCNN
from qdl.nn.readings import ThermalReading
from qdl.nn.reupload import DataReuploading
from qdl.nn.thermal import ThermalLayer

__all__ = [
    "QBM",
    "QCNN",
    "RBM",
    "AmplitudeEncoding",
    "AngleEncoding",
    "BlockSpin1d",
    "BlockSpin2d",
    "BlockSpin3d",
    "BornNorm",
    "ChebyshevEncoding",
    "CoherentEncoding",
    "DataReuploading",
    "DenseAngleEncoding",
    "Encoding",
    "Ensemble",
    "Fermi",
    "FourierEncoding",
    "FreeEnergyClassifier",
    "FreeEnergyLoss",
    "Gibbs",
    "HamiltonianEncoding",
    "IQPEncoding",
    "Magnetisation",
    "MaxEntDualLoss",
    "MomentumNeuron",
    "Photoelectric",
    "PositionNeuron",
    "ProbabilityCrossEntropyLoss",
    "ProbabilityEncoding",
    "QuantumConv1d",
    "QuantumConv2d",
    "QuantumConv3d",
    "QuantumLayer",
    "QuantumNeuron",
    "QuantumNorm1d",
    "QuantumNorm2d",
    "QuantumNorm3d",
    "QuantumPool1d",
    "QuantumPool2d",
    "QuantumPool3d",
    "QuantumRelativeEntropyLoss",
    "Rabi",
    "RelativeEntropyLoss",
    "RepeatUntilSuccess",
    "SignedEncoding",
    "TacchinoPerceptron",
    "ThermalLayer",
    "ThermalPool1d",
    "ThermalPool2d",
    "ThermalPool3d",
    "ThermalReading",
    "ZZEncoding",
    "configure",
    "pool_wires",
]
