from __future__ import annotations

import pytest
import torch

from qdl.errors import DataError
from qdl.train.config import Data
from qdl.train.data import CANVAS, Images, check, generator, open_data, place


@pytest.fixture(scope="module")
def digits() -> Images:
    return open_data(Data(name="digits")).test


def test_pixels_are_probabilities_on_both_data_sets() -> None:
    for name, size in (("digits", 8), ("digits-canvas", CANVAS)):
        data = open_data(Data(name=name))
        for part in (data.training(0, 0), data.validation, data.test):
            assert part.images.shape[1:] == (1, size, size)
            assert part.images.dtype == torch.float32
            assert part.images.min() >= 0
            assert 0.9 < part.images.max() <= 1
            assert part.labels.unique().tolist() == list(range(10))


def test_training_images_are_placed_anew_every_epoch_and_reproducibly() -> None:
    data = open_data(Data())
    first, again, later, other = (data.training(*key).images for key in ((0, 0), (0, 0), (0, 1), (1, 0)))
    assert torch.equal(first, again)
    assert not torch.equal(first, later)
    assert not torch.equal(first, other)


def test_validation_and_test_images_never_change_and_belong_to_no_one_else() -> None:
    one, two = open_data(Data()), open_data(Data(limit=10))
    assert torch.equal(one.validation.images, two.validation.images)
    assert torch.equal(one.test.images, two.test.images)
    plain = open_data(Data(name="digits"))
    parts = [plain.training(0, 0).images, plain.validation.images, plain.test.images]
    assert sum(map(len, parts)) == 1797
    everything = torch.cat(parts).flatten(1).unique(dim=0)
    assert len(everything) == sum(len(part.flatten(1).unique(dim=0)) for part in parts)


def test_every_validation_and_test_digit_has_its_placements() -> None:
    plain, data = open_data(Data(name="digits")), open_data(Data(placements=3))
    for part, thrown in ((plain.validation, data.validation), (plain.test, data.test)):
        assert torch.equal(thrown.labels, part.labels.repeat(3))
        first, second, third = thrown.images.chunk(3)
        assert not torch.equal(first, second)
        assert not torch.equal(second, third)
    assert len(data.training(0, 0).labels) == data.count == 1147


def test_a_placed_digit_is_whole_and_everywhere(digits: Images) -> None:
    placed = place(digits, CANVAS, 0.0, generator("test")).images
    torch.testing.assert_close(placed.sum((1, 2, 3)), digits.images.sum((1, 2, 3)))
    windows = placed.unfold(2, 8, 1).unfold(3, 8, 1)[:, 0].flatten(1, 2)
    found = (windows == digits.images).flatten(2).all(2)
    assert bool(found.any(1).all())
    assert len(found.float().argmax(1).unique()) > 70, "81 positions, 400 digits"


def test_noise_fills_the_canvas_evenly(digits: Images) -> None:
    empty = Images(torch.zeros_like(digits.images), digits.labels)
    noise = place(empty, CANVAS, 0.2, generator("noise")).images
    assert noise.min() >= 0
    assert 0.199 < noise.max() <= 0.2
    assert abs(noise.mean() - 0.1) < 0.001


def test_bright_pixels_are_cut_off_at_one(digits: Images) -> None:
    bright = Images(torch.ones_like(digits.images), digits.labels)
    assert place(bright, CANVAS, 1.0, generator("bright")).images.max() == 1


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (torch.zeros(0, 8, 8), torch.zeros(0), "empty"),
        (torch.zeros(3, 8, 8), torch.zeros(2), "3 images, 2 labels"),
        (torch.full((1, 8, 8), 1.5), torch.zeros(1), "out of range"),
        (torch.full((1, 8, 8), torch.nan), torch.zeros(1), "out of range"),
    ],
    ids=["empty", "lengths", "range", "nan"],
)
def test_data_that_cannot_be_learnt_from_is_refused(images: torch.Tensor, labels: torch.Tensor, says: str) -> None:
    with pytest.raises(DataError, match=says):
        check(images, labels)


def test_nothing_or_too_large_cannot_be_placed(digits: Images) -> None:
    for wrong, size in ((Images(digits.images[:0], digits.labels[:0]), CANVAS), (digits, 7)):
        with pytest.raises(DataError, match="at least one, within"):
            place(wrong, size, 0.1, generator("wrong"))


def test_more_images_than_there_are_is_refused() -> None:
    with pytest.raises(DataError, match="at most 1147"):
        open_data(Data(limit=1148))
