import copy
import json
import re
import shutil

import numpy as np
import pytest
from pydantic import TypeAdapter

from augend.host import raster
from augend.host.page import write_page
from augend.host.page_figures import draw_layers, draw_raster
from augend.host.page_input import read_report_file
from augend.host.run_file import RunFile
from augend.sim.golden import GoldenModel

from .small_program import small_program, some_images
from .test_command_line import assert_paragraph, run

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A run with two rasters, and a curve."""
    folder = tmp_path_factory.mktemp("report")
    small_program().save(folder / "net.augend")
    code, text = run(
        "run", folder / "net.augend", "--data", "digits", "--limit", 8,
        "--json", folder / "run.json", "--raster", 2,
    )  # fmt: skip
    assert code == 0, text
    code, text = run(
        "curve", folder / "net.augend", "--data", "digits", "--limit", 8,
        "-o", folder / "curve.json",
    )  # fmt: skip
    assert code == 0, text
    return folder


def read_run(files) -> RunFile:
    content = read_report_file(files / "run.json")
    assert isinstance(content, RunFile)
    return content


def test_the_report_of_a_run_adds_up(files):
    content = read_run(files)
    whole = GoldenModel(small_program().network).run(small_program().encode(some_images(8)))
    assert [layer.name for layer in content.layers] == ["conv", "fc"]
    for layer in content.layers:
        assert layer.operations == whole.operations[layer.name].mean()
        assert layer.spikes == whole.spikes[layer.name].mean()
        assert layer.updates == whole.updates[layer.name].mean()
        assert layer.ann_macs == small_program().ann_macs[layer.name]
    conv, fc = content.layers
    assert conv.rate == pytest.approx(conv.spikes / (144 * 3))
    assert fc.rate is None
    low, high = content.accuracy_interval
    assert low <= content.accuracy <= high
    assert content.gates == []


def test_rasters_hold_the_spikes_of_sampled_neurons(monkeypatch):
    monkeypatch.setattr(raster, "NEURONS", 50)
    program = small_program()
    images = raster.sample_rasters(program, "digits", 3)
    recorded = GoldenModel(program.network, record=True).run(program.encode(some_images(3)))
    assert len(images) == 3
    for place, image in enumerate(images):
        (layer,) = image["layers"]
        train = recorded.trains["conv"][place].reshape(3, 144)
        assert len(layer["sampled"]) == len(set(layer["sampled"])) == 50
        spikes = np.array([[cell == "+" for cell in row] for row in layer["rows"]])
        assert np.array_equal(spikes, train[:, layer["sampled"]].T)
        assert spikes.any()
        assert image["scores"] == image["step_scores"][-1] == recorded.scores[place].tolist()
        assert bytes.fromhex(image["pixels"])[5] == round(some_images(3)[place].flat[5] * 255)


def test_a_run_without_rasters_has_none(files, tmp_path):
    code, text = run("run", files / "net.augend", "--data", "digits", "--raster", 2)
    assert_paragraph(code, text, "--json")


def page_of(files, folder, *names):
    output = folder / "report.html"
    code, text = run("report", *(files / name for name in names), "-o", output)
    assert code == 0, text
    return output


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: `make browser`")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_chromium_and_shows_its_figures(files, tmp_path, scheme):
    playwright = pytest.importorskip("playwright.sync_api")
    page_file = page_of(files, tmp_path, "run.json", "curve.json")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_context(
            viewport={"width": 1100, "height": 900}, color_scheme=scheme
        ).new_page()
        messages, requests = [], []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("requestfailed", lambda request: messages.append(f"failed: {request.url}"))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(page_file.as_uri())
        shown = page.evaluate(_FIGURES)
        ink = page.evaluate("getComputedStyle(document.body).color")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.set_viewport_size({"width": 480, "height": 800})
        narrow = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert messages == []
    assert [url for url in requests if not url.startswith("data:")] == [page_file.as_uri()]
    assert {entry["name"] for entry in shown} == {
        "accuracy-steps", "accuracy-operations", "operations", "rates", "energy-arithmetic",
        "energy-with_memory", "image", "spikes-conv", "scores",
    }  # fmt: skip
    assert len([entry for entry in shown if entry["name"] == "spikes-conv"]) == 2
    for entry in shown:
        assert entry["width"] > 60, entry
        assert entry["height"] > 40, entry
        if entry["name"] in ("spikes-conv", "image"):
            assert entry["pixels"] == 1, entry
        else:
            assert entry["marks"] > 3, entry
        assert not entry["text"] or entry["text"] == ink or entry["name"] == "image"
    light = {"rgb(254, 254, 254)": "light"}.get(paper, "dark")
    assert (light, ink != paper) == (scheme, True)
    assert narrow <= 480


_FIGURES = """() => [...document.querySelectorAll("figure svg g[id]")].map(g => {
  const name = g.id.replace(/^(curves|run-\\d+-(layers|energy|raster-\\d+))-/, "");
  const box = g.getBoundingClientRect();
  const title = [...g.children].map(c => c.querySelector(":scope > text")).filter(t => t).pop();
  return {name, width: box.width, height: box.height,
          marks: g.querySelectorAll("path, use").length,
          pixels: g.querySelectorAll("image").length,
          text: title ? getComputedStyle(title).fill : ""};
}).filter(g => /^(accuracy-|energy-|spikes-)|^(operations|rates|scores|image)$/.test(g.name))"""


def test_the_page_names_nothing_outside_itself(files, tmp_path):
    page = page_of(files, tmp_path, "run.json", "curve.json").read_text()
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)
    assert not re.findall(r"@import|url\((?!#)", page)
    assert set(re.findall(r'https?://[^"\s]*', page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_says_the_figures_of_its_run(files, tmp_path):
    content = read_run(files)
    page = page_of(files, tmp_path, "run.json").read_text()
    assert f"{100 * content.accuracy:.2f} %" in page
    assert f"{content.operations['total']:,.0f}" in page
    assert content.program_hash in page
    assert "Accuracy against its cost" not in page


def test_two_runs_of_one_name_are_told_apart(files, tmp_path):
    page = page_of(files, tmp_path, "run.json", "run.json", "curve.json", "curve.json").read_text()
    assert 'id="overview"' in page
    assert "run (2)" in page
    assert "net (2)" in page
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {"run-0-layers-rates", "run-1-layers-rates", "curves-accuracy-steps"} <= set(ids)


def test_names_are_text_and_never_markup(files, tmp_path):
    content = json.loads((files / "run.json").read_text())
    name = "<script>alert(1)</script> $x_1$ &"
    content["layers"][0]["name"] = name
    content["operations"][name] = content["operations"].pop("conv")
    content["program"]["conversion"] = {"source": name}
    (tmp_path / "a<b>.json").write_text(json.dumps(content))
    write_page([tmp_path / "a<b>.json"], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page
    assert "a<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; $x_1$ &amp;") >= 3


def test_phased_signed_and_gated_runs_can_be_shown(files):
    content = json.loads((files / "run.json").read_text())
    content["operations"]["pool"] = 12.0
    image = content["raster"][0] | {"step_scores": None, "shape": None, "pixels": None}
    image["layers"] = [
        {"name": "conv", "neurons": 3, "sampled": [0, 2], "rows": ["+-.", "..-"]},
    ] * 30
    content["raster"] = [image]
    run_file = TypeAdapter(RunFile).validate_python(content)
    assert run_file.gates == ["pool"]
    labels = [label.get_text() for label in draw_layers(run_file).axes[0].get_yticklabels()]
    assert labels == ["conv", "fc", "pool"]
    assert len(draw_raster(run_file.raster[0]).axes) == 32


def changed(path, value):
    def change(content):
        target = content
        for key in path[:-1]:
            target = target[key]
        if value is None:
            del target[path[-1]]
        else:
            target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (changed(["format"], "something"), "'something'"),
        (changed(["format"], None), "augend run --json"),
        (changed(["version"], 99), "99"),
        (changed(["version"], None), "None"),
        (changed(["accuracy"], 1.5), "accuracy"),
        (changed(["images"], "many"), "images"),
        (changed(["images"], 0), "images"),
        (changed(["layers"], None), "layers"),
        (changed(["layers", 0, "operations"], float("nan")), "NaN"),
        (changed(["layers", 1, "spikes"], -1), "layers.1.spikes"),
        (changed(["operations", "total"], None), "total"),
        (changed(["operations", "conv"], None), "conv"),
        (changed(["energy_pj", "ann"], None), "energy_pj.ann"),
        (changed(["cycles", "max"], None), "cycles"),
        (changed(["raster", 0, "layers", 0, "rows", 0], "+"), "rows"),
        (changed(["raster", 0, "layers", 0, "rows", 0], "+?+"), "rows.0"),
        (changed(["raster", 0, "pixels"], "00ff"), "pixels"),
        (changed(["raster", 0, "step_scores", 0], [1]), "step_scores"),
    ],
)
def test_damaged_reports_are_refused(files, tmp_path, change, named):
    content = copy.deepcopy(json.loads((files / "run.json").read_text()))
    change(content)
    damaged = tmp_path / "damaged.json"
    damaged.write_text(json.dumps(content))
    code, text = run("report", files / "curve.json", damaged, "-o", tmp_path / "report.html")
    assert_paragraph(code, text, "damaged.json", named)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "3", '"augend-run"', "\udcff", '{"format": []}']
)
def test_files_that_are_no_reports(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content.encode(errors="surrogateescape"))
    code, text = run("report", tmp_path / "x.json", "-o", tmp_path / "report.html")
    assert_paragraph(code, text, "x.json", "augend curve -o")


def test_a_curve_without_points_is_refused(files, tmp_path):
    content = json.loads((files / "curve.json").read_text())
    content["curves"][0]["points"] = []
    (tmp_path / "x.json").write_text(json.dumps(content))
    code, text = run("report", tmp_path / "x.json", "-o", tmp_path / "report.html")
    assert_paragraph(code, text, "curves.0.points")


def test_a_missing_file(tmp_path):
    code, text = run("report", tmp_path / "none.json", "-o", tmp_path / "report.html")
    assert_paragraph(code, text, "none.json")
