"""The script of `torch_layer` on lightning.qubit."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

Base: Any = runpy.run_path(str(Path(__file__).with_name("torch_layer.py")))["Peer"]  # no folder of peers is on a path
PACKAGES = ["pennylane-lightning", "pennylane", "torch", "numpy"]


class Peer(Base):
    device = "lightning.qubit"
