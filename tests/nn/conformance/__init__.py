"""What every module of `qdl.nn` owes to who knows torch's: the mixins of `tests.nn.test_conformance.TestEveryLayer`."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
