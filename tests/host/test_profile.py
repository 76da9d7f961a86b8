import numpy as np
import pytest

from augend.host.profile import profile_program
from augend.host.profile_plot import timeline

from .small_program import small_program
from .test_command_line import run


@pytest.fixture(scope="module", params=[1, 2])
def profile(request):
    return profile_program(small_program(cores=request.param), "digits", 3)


def test_spans_of_a_core_follow_each_other_until_the_end(profile):
    timing = profile.timing
    last = []
    for core in range(len(profile.placement.cores)):
        spans = [s for s in timing.spans if s.core == core]
        for one, following in zip(spans, spans[1:], strict=False):
            np.testing.assert_array_equal(one.end, following.begin)
        for span in spans:
            assert np.all(span.begin <= span.work) and np.all(span.work < span.end)
        last.append(spans[-1].end)
    # The readout's search goes on after its sweep; nothing else outlasts the prediction.
    assert np.all(np.max(last, axis=0) <= timing.cycles)


def test_spans_add_up_to_the_clocks_of_populations_and_the_waits_of_cores(profile):
    timing = profile.timing
    for name, clocks in timing.clocks.items():
        spent = sum(s.end - s.work for s in timing.spans if s.population == name)
        np.testing.assert_array_equal(spent, clocks)
    for core in range(len(profile.placement.cores)):
        waits = sum(s.work - s.begin for s in timing.spans if s.core == core)
        expected = timing.stalls["starved"][:, core] + timing.stalls["blocked"][:, core]
        np.testing.assert_array_equal(waits, expected)


def test_the_timeline_shows_every_span(profile):
    figure = timeline(profile)
    assert len(figure.axes[0].patches) >= len(profile.timing.spans)


def test_the_command_compares_rtl_and_models_and_draws(tmp_path):
    small_program().save(tmp_path / "small.augend")
    picture = tmp_path / "timeline.svg"
    code, output = run(
        *("profile", tmp_path / "small.augend", "--data", "digits", "--limit", 2),
        *("--backend", "rtl", "--picture", picture),
    )
    assert code == 0, output
    assert "RTL and models agree" in output and "bottleneck core 0" in output
    assert "core 0" in picture.read_text()


def test_a_picture_of_another_kind_is_refused_before_anything_runs(tmp_path):
    small_program().save(tmp_path / "small.augend")
    code, output = run("profile", tmp_path / "small.augend", "--picture", "timeline.gif")
    assert code == 2 and ".svg or .png" in output
