import pytest

from tests.measure.results import DOCS, page
from tests.measure.table import write_table

ROW = """
[[row]]
paper = "A"
what = "b"
theirs = "1 %"
table = "measured"
where = { T = 2 }
ours = "{error} at {million additions} M"
command = "make b"
"""


def docs_of(folder, text):
    (folder / "results.toml").write_text(text)
    rows = [{"T": t, "error": f"{t} %", "million additions": "0.5"} for t in (1, 2)]
    write_table(folder / "tables", "measured", "", list(rows[0]), rows)
    return folder


def test_a_row_is_filled_from_the_row_of_its_table(tmp_path):
    last = page(docs_of(tmp_path, ROW)).splitlines()[-1]
    assert last == "| A | b | 1 % | 2 % at 0.5 M | `make b` |  |"


def test_a_row_that_is_not_there_or_not_one_is_refused(tmp_path):
    with pytest.raises(ValueError, match="measured has 0 rows where .*3"):
        page(docs_of(tmp_path, ROW.replace("T = 2", "T = 3")))
    with pytest.raises(ValueError, match="measured has 2 rows"):
        page(docs_of(tmp_path, ROW.replace("T = 2", '"million additions" = "0.5"')))


def test_the_page_is_that_of_the_measured_tables():
    assert (DOCS / "results.md").read_text("utf-8") == page(DOCS)
