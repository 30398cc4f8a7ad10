"""The README's Python runs from top to bottom, as its reader would run it."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_every_python_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) >= 3
    names = {}
    for number, block in enumerate(BLOCKS, 1):
        if "dask.distributed" in block and importlib.util.find_spec("distributed") is None:
            continue  # it's an extra
        exec(compile(block, f"README.md, block {number}", "exec"), names)
    assert (tmp_path / "equity.png").stat().st_size > 10_000
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "sweep.html").stat().st_size > 10_000
    assert names["swept"].complete if "swept" in names else True


def test_the_commands_it_shows_are_ours(tmp_path, monkeypatch, capsys):
    """The lines of the command-line section run on files like those they name."""
    import nanobook
    from nanobook.cli.main import run
    from nanobook.datasets import daily_prices

    monkeypatch.chdir(tmp_path)
    prices = daily_prices().iloc[:300]
    prices.to_csv("prices.csv")
    (prices * 0 + 0.3).to_csv("weights.csv")
    order = {"locate": [1], "reference": [1], "side": ["B"], "shares": [1], "price": [1]}
    nanobook.write_itch({"A": pd.DataFrame({**order, "symbol": ["AAPL"]})}, "day.itch.gz")
    shown = re.findall(r"^nanobook (.*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) == 6
    for line in shown[:4]:
        assert run(line.partition(" #")[0].split()) == 0
    assert (tmp_path / "equity.png").exists()
    assert any((tmp_path / "results").iterdir())
    assert (tmp_path / "swept" / "report.html").exists()
    assert pd.read_parquet("book.parquet")["symbol"].tolist() == ["AAPL"]
    assert (tmp_path / "trades.csv").exists()
    assert nanobook.__version__ in (run(["--version"]), capsys.readouterr().out.split()[-1])


@pytest.mark.parametrize("mark", ["run", "test"])
def test_it_has_the_two_commands(mark):
    assert re.search(rf"<!-- {mark} -->\n```bash\n.+?```", README.read_text(encoding="utf-8"), re.S)
