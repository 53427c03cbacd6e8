"""Both sides of every pair are networks that can be trained, with equally many parameters."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from qdl.errors import QdlError
from qdl.lab import pairs
from qdl.lab.pairs import PAIRS, Pair, network
from qdl.lab.tasks import TASKS, open_task
from qdl.lab.twins import Counted, MixedPool, Moments, Windowed, count

BATCH = 2
SHAPES = ("digits", "iris", "wine", "breast cancer")


@pytest.mark.parametrize("layer", PAIRS)
def test_both_sides_can_be_trained_and_are_as_large(layer):
    for name in SHAPES:
        task, sizes = open_task(name), {}
        for side in ("quantum", "twin"):
            torch.manual_seed(0)
            model = network(layer, task, side)
            out = model(task.training.inputs[:BATCH])
            assert out.shape == (BATCH, task.classes)
            cross_entropy(out, task.training.labels[:BATCH]).backward()
            for key, parameter in model.named_parameters():
                assert parameter.grad is not None, (name, side, key)
                assert parameter.grad.isfinite().all(), (name, side, key)
            sizes[side] = count(model)
        assert sizes["quantum"] == sizes["twin"], name


def test_no_task_has_a_shape_that_the_pairs_were_not_tried_on():
    assert {open_task(name).shape for name in TASKS} == {open_task(name).shape for name in SHAPES}


def test_both_sides_have_the_same_frame():
    models = []
    for side in ("quantum", "twin"):
        torch.manual_seed(3)
        models.append(network("AngleEncoding", open_task("wine"), side))
    linear = [[module for module in model.modules() if isinstance(module, nn.Linear)] for model in models]
    first, last = ((side[0], side[-1]) for side in linear)
    for one, other in zip(first, last, strict=True):
        torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)


def test_a_twin_of_another_size_is_refused(monkeypatch):
    wrong = Pair("dense", lambda shape: nn.Linear(4, 4), lambda shape, wanted: nn.Linear(4, 3), "")
    monkeypatch.setitem(pairs.PAIRS, "wrong", wrong)
    with pytest.raises(QdlError, match="the twin of wrong is no twin: got 15, expected 20"):
        network("wrong", open_task("iris"), "twin")


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (4, 1), (2, 1), (4, 8), (1, 3)])
def test_counted_has_exactly_its_number_of_parameters(inputs, outputs):
    x = torch.rand(5, inputs)
    for wanted in range(1, 70):
        layer = Counted(inputs, outputs, wanted)
        assert count(layer) == wanted == len(set(layer.kept.tolist()))
        assert layer(x).shape == (5, outputs)


@pytest.mark.parametrize(("wanted", "affine"), [(12, True), (20, True), (24, False), (64, False)])
def test_counted_is_affine_until_tanh_units_are_paid_for(wanted, affine):
    layer = Counted(4, 4, wanted).double()
    x, y = torch.rand(2, 5, 4, dtype=torch.float64)
    bent = (layer(x) + layer(y) - 2 * layer((x + y) / 2)).abs().max()
    assert (bent < 1e-12) == affine


def test_a_twin_of_nothing_is_refused():
    with pytest.raises(QdlError, match="a twin without parameters"):
        Counted(4, 4, 0)


def test_windowed_is_a_convolution():
    conv = nn.Conv2d(1, 3, 2, 2)
    layer = nn.Linear(4, 3)
    layer.weight.data, layer.bias.data = conv.weight.data.flatten(1), conv.bias.data
    x = torch.rand(2, 1, 6, 5)
    torch.testing.assert_close(Windowed(layer, (2, 2))(x), conv(x))
    average = nn.Linear(2, 1, bias=False)
    average.weight.data.fill_(0.5)
    x = torch.rand(2, 3, 7)
    torch.testing.assert_close(Windowed(average, (2,), each=True)(x), nn.AvgPool1d(2)(x))


def test_mixed_pool_goes_from_average_to_maximum():
    for dimension, (average, maximum) in {1: (nn.AvgPool1d, nn.MaxPool1d), 2: (nn.AvgPool2d, nn.MaxPool2d)}.items():
        pool, x = MixedPool(dimension, 2), torch.rand(2, 3, *(6,) * dimension)
        least, most = average(2)(x), maximum(2)(x)
        for mix, expected in ((-50.0, least), (50.0, most), (0.0, (least + most) / 2)):
            nn.init.constant_(pool.mix, mix)
            torch.testing.assert_close(pool(x), expected)


def test_moments_do_not_see_places():
    x = torch.rand(3, 4)
    torch.testing.assert_close(Moments()(x), Moments()(x.flip(1)))
    torch.testing.assert_close(Moments()(x)[:, 1], x.var(1, correction=0))
