"""What a program does between two calls: copies, threads, modes, devices."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import threading
from functools import partial

import pytest
import torch

import qdl
from qdl.errors import QdlError
from qdl.ir import Circuit, Param, X, Z
from tests.checks import distance
from tests.run.common import OBSERVABLES, circuit, gradients, leaves, theta, values


class TestLife:
    """What a program does between two calls."""

    def test_compiled_travels(self) -> None:
        given = leaves(values(3))
        compiled = qdl.compile(circuit(), OBSERVABLES)
        expected = compiled(given)
        for other in (copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled)), copy.copy(compiled)):
            found = other(given)
            assert torch.equal(found, expected)
            assert torch.equal(gradients(found, given), gradients(compiled(given), given))

    def test_pickles_are_read_by_another_process(self) -> None:
        made = circuit().iswap(0, 1).gate("u", 0.1, theta[0], 0.3, 2, controls=[0], values="0")
        data = pickle.dumps((qdl.compile(made, OBSERVABLES), made, OBSERVABLES))
        code = f"""
import pickle, qdl
from tests.run.common import circuit, theta, OBSERVABLES
compiled, made, observables = pickle.loads({data!r})
fresh = circuit().iswap(0, 1).gate("u", 0.1, theta[0], 0.3, 2, controls=[0], values="0")
assert made == fresh and hash(made.key) == hash(fresh.key), "a circuit is another one after a journey"
assert observables == OBSERVABLES
print(compiled({{"x": [0.1, 0.2], "theta": [0.3, 0.4, 0.5]}}).tolist())
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        expected = qdl.expval(made, OBSERVABLES, {"x": [0.1, 0.2], "theta": [0.3, 0.4, 0.5]})
        assert eval(done.stdout) == pytest.approx(expected.tolist(), abs=1e-6)

    def test_a_circuit_that_grows_is_a_new_circuit(self) -> None:
        made, given = circuit(), values(3)
        compiled = qdl.compile(made, Z(0))
        before = qdl.expval(made, Z(0), given)
        made.x(0)
        assert distance(qdl.expval(made, Z(0), given), -before) < 1e-14
        assert distance(compiled(given), before) < 1e-14

    @pytest.mark.parametrize("method", ["adjoint", "autograd"])
    def test_evaluation_in_inference_mode_may_come_first(self, method: str) -> None:
        made, given = circuit(0.8 + len(method)), leaves(values(3))
        with torch.inference_mode():
            expected = qdl.expval(made, OBSERVABLES, values(3), grad=method)
            qdl.var(made, OBSERVABLES, values(3), grad=method)
        out = qdl.expval(made, OBSERVABLES, given, grad=method)
        assert distance(out.detach(), expected) < 1e-14
        assert gradients(out, given).any()
        assert gradients(qdl.var(made, OBSERVABLES, given, grad=method), given).any()

    def test_without_gradients_none_are_kept(self) -> None:
        with torch.no_grad():
            assert not qdl.expval(circuit(), Z(0), leaves(values(2))).requires_grad
        assert not qdl.expval(circuit(), Z(0), values(2)).requires_grad
        assert not qdl.sample(circuit(), leaves(values(2))).requires_grad

    def test_inputs_are_not_changed_and_outputs_not_shared(self) -> None:
        given = leaves(values(3))
        saved = {name: value.detach().clone() for name, value in given.items()}
        psi = qdl.state(circuit(), given)
        expected = torch.autograd.grad(psi.real.sum(), list(given.values()), retain_graph=True)
        psi.detach().zero_()  # whoever writes into a result must not write into what the way back needs
        for one, other in zip(torch.autograd.grad(psi.real.sum(), list(given.values())), expected, strict=True):
            assert torch.equal(one, other)
        for name, value in given.items():
            assert torch.equal(value, saved[name])

    def test_strides_do_not_matter(self) -> None:
        given = values(5)
        odd = {"x": given["x"].T.contiguous().T, "theta": given["theta"].repeat_interleave(2)[::2]}
        assert not odd["x"].is_contiguous()
        assert distance(qdl.expval(circuit(), OBSERVABLES, odd), qdl.expval(circuit(), OBSERVABLES, given)) < 1e-15

    def test_one_tensor_may_be_two_params(self) -> None:
        a, b = Param("a", 2), Param("b", 2)
        made = Circuit(2).rx(a[0], 0).cx(0, 1).ry(b[1], 0).rz(a[1], 1).ry(b[0], 1)
        apart = leaves(dict.fromkeys("ab", torch.rand(2).double()))
        both = apart["a"].detach().clone().requires_grad_()
        qdl.expval(made, Z(0) @ X(1), {"a": both, "b": both}).backward()
        ga, gb = torch.autograd.grad(qdl.expval(made, Z(0) @ X(1), apart), list(apart.values()))
        assert distance(both.grad, ga + gb) < 1e-14

    def test_threads_do_not_disturb_each_other(self) -> None:
        wrong: list[BaseException] = []

        def work(offset: int) -> None:
            try:
                for k in range(40):
                    made = Circuit(2).ry(theta[0], 0).rx(float(k), 1).cx(0, 1).ry(float(offset % 2), 1)
                    given = {"theta": torch.full((3,), 0.1 * offset, dtype=torch.float64)}
                    found = qdl.expval(made, Z(0), given).item()
                    assert found == pytest.approx(math.cos(0.1 * offset), abs=1e-12)
            except BaseException as error:  # a thread's failure must reach the test
                wrong.append(error)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, wrong

    def test_meta_tensors_have_shapes(self) -> None:
        given = {name: value.to("meta").requires_grad_() for name, value in values(3).items()}
        out = qdl.expval(circuit(), OBSERVABLES, given)
        assert (out.device.type, out.shape) == ("meta", (3, 4))
        out.sum().backward()
        assert given["theta"].grad.shape == (3,)
        assert qdl.state(circuit(), given).shape == (3, 8)
        for ask in (partial(qdl.sample, shots=4), partial(qdl.expval, shots=4, observables=Z(0))):
            try:
                found = ask(circuit(), values=given)
            except QdlError:
                continue  # a clear refusal is as good as a shape
            assert found.device.type == "meta"

    def test_device_is_an_option(self) -> None:
        assert qdl.expval(circuit(), OBSERVABLES, values(3), device="meta").device.type == "meta"
        with pytest.raises(QdlError, match="mixed device"):
            qdl.expval(circuit(), Z(0), {**values(3), "x": torch.zeros(3, 2, device="meta", dtype=torch.float64)})

    def test_a_param_may_live_in_an_observable_alone(self) -> None:
        g = Param("g", 2)
        given = leaves({"g": torch.tensor([[1.0, 2.0], [3.0, 4.0]])})
        out = qdl.expval(Circuit(1).h(0), [X(0) * g[1], X(0) * (g[0] * g[1]) + Z(0)], given)
        assert distance(out.detach(), [[2, 2], [4, 12]]) < 1e-5
        assert distance(torch.autograd.grad(out.sum(), given["g"])[0], [[2, 2], [4, 4]]) < 1e-5

    def test_explain_prints_the_plan(self) -> None:
        text = qdl.explain(circuit(), OBSERVABLES, values(5))
        assert "batch 5" in text
        assert "product state" in text
