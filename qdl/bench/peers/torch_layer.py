"""A PennyLane user's script, a QNode in a TorchLayer, on the device ``qdl.state``. The others change its name only.

Recipe: https://docs.pennylane.ai/en/stable/code/api/pennylane.qnn.TorchLayer.html. The batch is broadcast; the
`diff_method` is the default, "best". Single precision, as torch's.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

HERE = Path(__file__)  # no folder of peers is ever on the path
apply = runpy.run_path(str(HERE.with_name("lightning.py")))["apply"]
Network: Any = runpy.run_path(str(HERE.with_name("network.py")))["Network"]
PACKAGES = ["pennylane", "qdl", "torch", "numpy"]


class Peer(Network):
    device = "qdl.state"

    def made(self, job: dict[str, Any], given: str, trained: str) -> Any:
        import pennylane as qml

        @qml.qnode(qml.device(self.device, wires=job["wires"]))
        def node(inputs: Any, weights: Any) -> Any:
            apply(qml, job["gates"], {given: inputs, trained: weights})
            return [qml.expval(qml.Z(wire)) for wire in job["read"]]

        return qml.qnn.TorchLayer(node, {"weights": job["values"][trained]["shape"]})
