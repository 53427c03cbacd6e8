"""The data of a run: embedded digits or the user's own images, split into training, validation and test images.

Every random choice is a function of names and numbers (`generator`), never of what was drawn before it: a training
epoch can be made again after a crash without a stored random state.
"""

from __future__ import annotations

from qdl.train.data.digits import CANVAS, place
from qdl.train.data.images import Dataset, Images, check, generator
from qdl.train.data.own import describe
from qdl.train.data.sources import SOURCES, open_data

__all__ = ["CANVAS", "SOURCES", "Dataset", "Images", "check", "describe", "generator", "open_data", "place"]
