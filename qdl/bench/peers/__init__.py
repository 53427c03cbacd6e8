"""Who takes part. A new peer is a line here, a file beside this one (see `qdl.bench.worker`) and a requirement list."""

from __future__ import annotations

from typing import NamedTuple


class Peer(NamedTuple):
    """A contestant: its adapter, and the environment it runs in ("" is qdl's own)."""

    adapter: str
    environment: str


PEERS = {
    "tensorcircuit": Peer("tensorcircuit.py", "tensorcircuit"),
    "deepquantum": Peer("deepquantum.py", "deepquantum"),
    "default.qubit": Peer("default_qubit.py", "pennylane"),
    "default.qubit-jit": Peer("default_qubit_jit.py", "pennylane"),
    "lightning.qubit": Peer("lightning.py", "pennylane"),
    "mindquantum": Peer("mindquantum.py", "mindquantum"),
    "pyqtorch": Peer("pyqtorch.py", "pyqtorch"),
    "qulacs": Peer("qulacs.py", "qulacs"),
    "default.mixed": Peer("default_mixed.py", "pennylane"),
    "default.mixed-jit": Peer("default_mixed_jit.py", "pennylane"),
    "aer": Peer("aer.py", "aer"),
    "conv2d": Peer("conv2d.py", ""),
    "TorchLayer on default.qubit": Peer("torch_layer_default.py", ""),
    "TorchLayer on lightning.qubit": Peer("torch_layer_lightning.py", ""),
    "EstimatorQNN on StatevectorEstimator": Peer("estimator_qnn_statevector.py", ""),
}
QDL = Peer("qdl.py", "")
THROUGH = {
    "TorchLayer": Peer("torch_layer.py", ""),
    "EstimatorQNN": Peer("estimator_qnn.py", ""),
}  # qdl, as users see it
REFERENCES = {"layer": Peer("product.py", "")}  # by what is asked; qdl in double precision otherwise
