import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.datasets import load
from augend.gen.network import Input
from augend.gen.program import Program
from augend.host.confidence import wilson
from augend.host.curve import CurveFile, FirstOutput
from augend.host.curve_measure import first_output, measure
from augend.host.curve_plot import draw_curves
from augend.host.errors import UsageError
from augend.host.exit_margin import MarginError, choose_margin, early_exit, leads, spread_margins
from augend.host.page_input import read_report_file
from augend.host.step_counts import StepCounts
from augend.sim.golden import GoldenModel

from .small_program import small_program
from .test_command_line import assert_paragraph, run

LIMIT = 40


@cache
def curve():
    return measure(small_program(), "small", data="digits", limit=LIMIT)


@cache
def digits():
    return load("digits", "test").take(np.arange(LIMIT))


def golden(**changes):
    program = small_program()
    network = replace(program.network, **changes)
    return GoldenModel(network).run(program.encode(digits().images))


def with_rate(program: Program, steps: int) -> Program:
    """The same weights behind random input spikes."""
    network = program.network
    entry = Input(shape=network.input.shape, encoding="rate", bits=8)
    first = replace(network.populations[0], current_shift=None)
    return replace(
        program,
        network=replace(
            network,
            input=entry,
            populations=(first, *network.populations[1:]),
            timesteps=steps,
        ),
    )


def test_wilson_is_the_closed_form():
    z, n, share = 1.959963984540054, 1000, 0.97
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert wilson(970, 1000) == pytest.approx((centre - half, centre + half))
    low, high = wilson(1000, 1000)
    assert 0.99 < low < high == 1


def test_a_point_after_each_step_is_a_run_of_so_many_steps():
    points = curve().points
    assert [p.steps for p in points] == [1, 2, 3]
    for point in points:
        alone = golden(timesteps=int(point.steps))
        assert point.accuracy == (alone.predictions == digits().labels).mean()
        assert point.operations == sum(v.mean() for v in alone.operations.values())
        assert point.input_spikes == alone.input_spikes.mean()
        assert point.spikes == sum(v.mean() for v in alone.spikes.values())
        assert point.low < point.accuracy < point.high
    assert points[0].operations < points[1].operations < points[2].operations


def test_early_exit_is_what_the_golden_model_does_with_that_margin():
    margins = [point.margin for point in curve().early_exit]
    assert len(margins) > 5
    for point in curve().early_exit:
        exiting = golden(exit_margin=point.margin)
        assert point.accuracy == (exiting.predictions == digits().labels).mean()
        assert point.operations == pytest.approx(sum(v.mean() for v in exiting.operations.values()))
        assert point.steps == pytest.approx(exiting.exit_step.mean())
    assert curve().early_exit[0].steps < 1.1  # but for images that have two best classes
    assert curve().early_exit[-1].steps == 3


def test_a_programs_own_margin_does_not_cut_its_curve():
    program = small_program()
    hasty = replace(program, network=replace(program.network, exit_margin=1))
    assert measure(hasty, "small", data="digits", limit=LIMIT).points == curve().points


def test_margins_given_are_those_measured():
    measured = measure(small_program(), "x", data="digits", limit=9, margins=[500, 7, 7])
    assert [point.margin for point in measured.early_exit] == [7, 500]
    with pytest.raises(UsageError, match="at least 1, not 0"):
        measure(small_program(), "x", data="digits", margins=[0])


def test_a_phased_program_is_one_point():
    program = small_program(schedule="phased")
    measured = measure(program, "phased", data="digits", limit=LIMIT)
    whole = GoldenModel(program.network).run(program.encode(digits().images))
    (point,) = measured.points
    assert point.steps == 3
    assert point.accuracy == (whole.predictions == digits().labels).mean()
    assert point.operations == sum(v.mean() for v in whole.operations.values())
    assert (measured.early_exit, measured.first_output) == ((), None)
    draw_curves([measured, curve()])


def test_first_output():
    scores = np.array([[[1, 0], [0, 2]], [[0, 1], [3, 0]], [[1, 0], [1, 0]], [[0, 1], [0, 1]]])
    counts = StepCounts(
        scores=scores,
        operations=np.ones((4, 2), int),
        input_spikes=np.ones((4, 2), int),
        spikes=np.ones((4, 2), int),
        reached=np.array([[True, True], [False, True], [False, False], [False, True]]),
    )
    # right at once; right in step 2, wrong in 1; never an output, though it would be right; wrong
    first = first_output(counts, np.array([0, 0, 0, 0]))
    assert first.unanswered == (0.75, 0.25)
    assert first.mean_step == pytest.approx((1 + 2 + 2) / 3)
    assert first.accuracy == 0.5


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_the_chosen_margin_is_the_cheapest_of_all(seed, target):
    draw = np.random.default_rng(seed)
    images, steps, classes = draw.integers(1, 25), draw.integers(1, 6), draw.integers(1, 5)
    scores = draw.integers(-3, 9, (images, steps, classes)).cumsum(1)
    operations = draw.integers(0, 9, (images, steps))
    labels = draw.integers(0, classes, images)
    every = early_exit(scores, operations, labels, range(1, max(2, int(leads(scores).max()) + 2)))
    reaching = [found for found in every if found.correct >= target * images]
    if not reaching:
        with pytest.raises(MarginError, match="No exit margin reaches"):
            choose_margin(scores, operations, labels, target)
        return
    chosen = choose_margin(scores, operations, labels, target)
    assert chosen.correct >= target * images
    assert chosen.operations == min(found.operations for found in reaching)


def test_a_target_out_of_reach_names_the_best():
    scores = np.array([[[1, 0], [0, 5]], [[0, 2], [0, 9]]])
    with pytest.raises(MarginError, match=r"100\.00 % on these 2 images.* 50\.00 %"):
        choose_margin(scores, np.ones((2, 2), int), np.array([0, 0]), 1.0)


def test_spread_margins_reach_from_all_to_none():
    scores = np.random.default_rng(0).integers(0, 1000, (200, 4, 5)).cumsum(1)
    margins = spread_margins(scores, 12)
    found = early_exit(scores, np.ones((200, 4), int), np.zeros(200, int), margins)
    assert 6 < len(margins) <= 12
    assert (found[0].steps, found[-1].steps) == (1, 4)


def test_input_spikes_that_come_over_the_steps_have_a_panel():
    rated = measure(with_rate(small_program(), 5), "rate", data="digits", limit=LIMIT)
    spikes = [point.input_spikes for point in rated.points]
    assert spikes == sorted(set(spikes))
    assert "accuracy-input_spikes" in gids(draw_curves([rated]))
    assert "accuracy-input_spikes" not in gids(draw_curves([curve()]))


def test_images_without_an_output_have_a_panel():
    late = FirstOutput(unanswered=(0.9, 0.5, 0.0), mean_step=2.4, accuracy=0.8, low=0.7, high=0.9)
    assert "first-output" in gids(draw_curves([replace(curve(), first_output=late)]))


def test_the_ann_is_drawn_as_lines():
    known = replace(curve(), ann_accuracy=0.5, ann_macs=2_000_000)
    figure = draw_curves([known])
    operations = next(a for a in figure.axes if a.get_gid() == "accuracy-operations")
    lines = [np.unique(line.get_xdata()).tolist() for line in operations.lines]
    assert [2.0] in lines
    assert [4.0] in lines
    assert any(set(line.get_ydata()) == {0.5} for line in operations.lines)
    drawn = next(line for line in operations.lines if len(line.get_xdata()) == 3)
    assert list(drawn.get_xdata()) == pytest.approx([p.operations / 1e6 for p in curve().points])
    assert list(drawn.get_ydata()) == pytest.approx([p.accuracy for p in curve().points])


def test_perfect_accuracy_can_be_drawn(tmp_path):
    perfect = [replace(p, accuracy=1.0, high=1.0) for p in curve().points]
    figure = draw_curves([replace(curve(), points=tuple(perfect), ann_accuracy=1.0)])
    figure.savefig(tmp_path / "perfect.svg")


def gids(figure):
    return {axes.get_gid() for axes in figure.axes}


def test_command_writes_json_and_picture(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        small_program().save(tmp_path / folder / "net.augend")
    output = tmp_path / "curve.json"
    for picture, start in (("curve.svg", b"<?xml"), ("curve.png", b"\x89PNG")):
        code, text = run(
            "curve", tmp_path / "a" / "net.augend", tmp_path / "b" / "net.augend",
            "--data", "digits", "--limit", 5, "-o", output, "--picture", tmp_path / picture,
        )  # fmt: skip
        assert code == 0, text
        assert (tmp_path / picture).read_bytes().startswith(start)
    content = read_report_file(output)
    assert isinstance(content, CurveFile)
    assert len({c.name for c in content.curves}) == 2
    assert json.loads(output.read_text())["curves"][0]["points"][2]["steps"] == 3


def test_pictures_are_the_same_bytes_in_every_run(tmp_path):
    small_program().save(tmp_path / "net.augend")
    for name in ("one", "two"):
        code, text = run(
            "curve", tmp_path / "net.augend", "--data", "digits", "--limit", 5,
            "-o", tmp_path / "c.json", "--picture", tmp_path / f"{name}.svg",
        )  # fmt: skip
        assert code == 0, text
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_picture_of_another_kind_is_refused_before_anything_runs(tmp_path):
    small_program().save(tmp_path / "net.augend")
    code, text = run(
        "curve", tmp_path / "net.augend", "-o", tmp_path / "c.json", "--picture", "c.gif"
    )
    assert_paragraph(code, text, "c.gif", ".svg or .png")
    assert not (tmp_path / "c.json").exists()


def test_a_program_that_does_not_say_its_images(tmp_path):
    small_program().save(tmp_path / "net.augend")
    code, text = run("curve", tmp_path / "net.augend", "-o", tmp_path / "c.json")
    assert_paragraph(code, text, "--data")
