"""Each notebook runs top to bottom, and is stored as such a run left it."""

import os
from pathlib import Path

import pytest

import nanobook

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_and_is_stored_executed(path, tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs the extra notebooks")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra notebooks")
    text = path.read_text(encoding="utf-8")
    stored = nbformat.reads(text, as_version=4)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert not [place for place in ("/home/", "/root/", "/tmp/", "/Users/") if place in text]
    client = nbclient.NotebookClient(
        stored, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    # The package that is tested here, not another copy of it, whose kernels would be compiled anew.
    source = str(Path(nanobook.__file__).parents[1])
    client.execute(env={**os.environ, "PYTHONPATH": source})


def test_there_are_notebooks():
    assert NOTEBOOKS
