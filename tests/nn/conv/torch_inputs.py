"""What torch itself tests its convolutions with, read off the source of its test lists.

Importing those modules of torch would ask for packages that only torch's developers have and change global settings;
the few functions that are lists of convolutions need neither.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch.testing import make_tensor

CONVOLUTIONS = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3}


class Case(NamedTuple):
    """One convolution: how it is made, and what it is given."""

    name: str
    dimension: int
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    x: Any

    def __str__(self) -> str:
        return self.name


def module_inputs() -> Iterator[Case]:
    """Torch's list for modules, and the older one that it still keeps."""
    make = _function("common_modules", "module_inputs_torch_nn_ConvNd")
    for n in (1, 2, 3):
        torch.manual_seed(n)
        for index, given in enumerate(make(None, "cpu", torch.float64, False, True, N=n)):
            made, passed = given.constructor_input, given.forward_input
            yield Case(f"module{n}d-{index}", n, made.args, made.kwargs, passed.args[0])
    yield from _older_inputs()


def function_inputs() -> Iterator[Case]:
    """Its list for the functions, as modules."""
    for n in (1, 2, 3):
        torch.manual_seed(n)
        make = _function("common_methods_invocations", f"sample_inputs_conv{n}d")
        yield from _as_modules(n, f"function{n}d", make(None, "cpu", torch.float64, False))


def error_inputs() -> Iterator[Case]:
    """Its list of what the functions must refuse, as modules."""
    for n in (1, 2, 3):
        torch.manual_seed(n)
        make = _function("common_methods_invocations", f"error_inputs_conv{n}d")
        yield from _as_modules(n, f"error{n}d", (wrong.sample_input for wrong in make(None, "cpu")))


def _as_modules(n: int, name: str, samples: Any) -> Iterator[Case]:
    for index, sample in enumerate(samples):
        weight, bias = sample.args
        groups = sample.kwargs.get("groups", 1)
        sizes = (weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]))
        keywords = {**sample.kwargs, "bias": bias is not None}
        if bias is not None and bias.is_complex():
            keywords["dtype"] = bias.dtype
        yield Case(f"{name}-{index}", n, sizes, keywords, sample.input)


def _older_inputs() -> Iterator[Case]:
    generator = torch.Generator().manual_seed(0)
    for index, node in enumerate(ast.walk(_tree("common_nn"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"):
            continue
        fields = {keyword.arg: keyword.value for keyword in node.keywords}
        found = _constructor(fields)
        if found is None:
            continue
        n, arguments, keywords = found
        shape = ast.literal_eval(fields["input_size"])
        x = torch.randn(shape, dtype=torch.float64, generator=generator)
        yield Case(f"older{n}d-{index}", n, arguments, keywords, x)


def _constructor(fields: dict[str | None, Any]) -> tuple[int, tuple[Any, ...], dict[str, Any]] | None:
    """Of ``module_name="Conv2d", constructor_args=(...)`` or of ``constructor=lambda: nn.Conv2d(...)``."""
    made = getattr(fields.get("constructor"), "body", None)
    if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute) and made.func.attr in CONVOLUTIONS:
        keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in made.keywords}
        return CONVOLUTIONS[made.func.attr], tuple(ast.literal_eval(value) for value in made.args), keywords
    name = getattr(fields.get("module_name"), "value", None)
    if name in CONVOLUTIONS and "constructor_args" in fields:
        return CONVOLUTIONS[name], ast.literal_eval(fields["constructor_args"]), {}
    return None


@cache
def _tree(module: str) -> ast.Module:
    torch_package = find_spec("torch")
    assert torch_package is not None
    assert torch_package.origin is not None
    return ast.parse((Path(torch_package.origin).parent / f"testing/_internal/{module}.py").read_text())


def _function(module: str, name: str) -> Any:
    (node,) = (node for node in _tree(module).body if isinstance(node, ast.FunctionDef) and node.name == name)
    known: dict[str, Any] = {
        "ErrorInput": lambda sample, **_: SimpleNamespace(sample_input=sample),
        "FunctionInput": lambda *args, **kwargs: SimpleNamespace(args=args, kwargs=kwargs),
        "ModuleInput": SimpleNamespace,
        "SampleInput": lambda x, args=(), kwargs=None: SimpleNamespace(input=x, args=args, kwargs=kwargs or {}),
        "highest_precision_complex": lambda _: torch.complex128,
        "highest_precision_float": lambda _: torch.float64,
        "itertools": itertools,
        "make_tensor": make_tensor,
        "no_batch_dim_reference_fn": None,
        "partial": partial,
        "torch": torch,
    }
    exec(compile(ast.Module([node], []), f"torch {module}", "exec"), known)
    return known[name]
