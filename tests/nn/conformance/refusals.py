"""What layers say to inputs that do not fit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from qdl.errors import QdlError
from tests.nn.conformance.passes import DOUBLE, call, double, floats
from tests.nn.table import Row


class Refusals:
    def test_another_precision_is_refused(self, row: Row) -> None:
        layer, inputs = row.fresh(dtype=torch.float32), row.inputs(torch.float32)
        others = [torch.int64, torch.complex64, torch.bfloat16]
        if list(layer.parameters()) or len(floats(inputs)) > 1:
            others.append(DOUBLE)
        for dtype in others:
            for k in floats(inputs):
                with pytest.raises(QdlError):
                    call(layer, replaced(inputs, k, inputs[k].to(dtype)))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_a_layer_made_half_precise_refuses_to_answer(self, row: Row, dtype: torch.dtype) -> None:
        layer, inputs = row.fresh(dtype=torch.float32), row.inputs(torch.float32)
        with pytest.raises(QdlError):
            call(layer.to(dtype), tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs))

    def test_shapes_that_do_not_fit_are_refused(self, row: Row) -> None:
        """Or they have an answer: an error from the depths of torch is neither."""
        layer, inputs = double(row)
        for k, x in enumerate(inputs):
            for wrong in misshapen(x):
                try:
                    out = call(layer, replaced(inputs, k, wrong))
                except QdlError:
                    continue
                except Exception as error:
                    raise AssertionError(f"{tuple(wrong.shape)} for {tuple(x.shape)}: {error!r}") from error
                assert isinstance(out, Tensor)

    def test_nan_does_not_pass_in_silence(self, row: Row) -> None:
        layer, inputs = double(row)
        for k in floats(inputs):
            spoilt = inputs[k].clone()
            spoilt.view(-1)[-1] = torch.nan
            try:
                out = call(layer, replaced(inputs, k, spoilt))
            except QdlError:
                continue
            assert out.isnan().any()


def replaced(inputs: tuple[Tensor, ...], k: int, x: Tensor) -> tuple[Tensor, ...]:
    return (*inputs[:k], x, *inputs[k + 1 :])


def misshapen(x: Tensor) -> Iterator[Tensor]:
    yield x.new_zeros(())
    yield x.new_zeros(0)
    yield x.flatten()
    yield x[None, None, None]
    for axis in range(x.dim()):
        one = x.narrow(axis, 0, 1)
        yield torch.cat((x, one), axis)
        yield x.narrow(axis, 0, 0)
        yield one.squeeze(axis)
