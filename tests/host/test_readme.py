import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_runs_as_it_stands(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 12
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    share = float(re.match(r"([\d.]+)% of 500 images right, \d+ clocks", done.stdout)[1])
    assert share > 80
    assert (tmp_path / "digits.augend").exists()


def test_the_tables_are_those_that_were_measured():
    done = subprocess.run(
        [sys.executable, "-m", "tests.measure.readme_tables", "--check"],
        cwd=README.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
