"""Cases that once failed run again; and what the fuzzer writes is what it reads."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from .case import Case
from .check import SHAPES, check
from .drawn_cases import cases

KEPT = sorted((Path(__file__).parent / "cases").glob("*.safetensors"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_cases_that_once_failed(path):
    assert check(Case.load(path)) > 0


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases(SHAPES[0]))
def test_a_few_cases_drawn_anew(case):
    assert check(case) > 0


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases(SHAPES[0]))
def test_a_case_is_written_whole(tmp_path_factory, case):
    path = case.save(tmp_path_factory.mktemp("cases"))
    again = Case.load(path)
    assert again.save(path.parent) == path
    assert (again.shape, again.stalls) == (case.shape, case.stalls)
    for one, other in zip(again.sessions, case.sessions, strict=True):
        assert one.core_of == other.core_of
        np.testing.assert_array_equal(one.pixels, other.pixels)
