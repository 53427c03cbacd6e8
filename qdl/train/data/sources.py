"""Where a run's images come from: the table of sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qdl.train.config import Data
from qdl.train.data.digits import on_canvas, plain
from qdl.train.data.images import Dataset
from qdl.train.data.own import own

SOURCES: dict[str, Callable[[Data, Path | None], Dataset]] = {
    "digits-canvas": lambda data, record: on_canvas(data),
    "digits": lambda data, record: plain(data),
    "images": own,
}


def open_data(data: Data, record: Path | None = None) -> Dataset:
    """The data set of a configuration, split once and for all into training, validation and test images.

    Parameters
    ----------
    data : Data
        The table of the configuration.
    record : path, optional
        What a run folder keeps of own images: they must be the same still.

    Raises
    ------
    DataError
        If the configuration asks for more training images than there are, or own images are malformed.
    RunFolderError
        If own images are no longer those of the run.
    """
    return SOURCES[data.name](data, record)
