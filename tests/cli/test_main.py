"""The command as the shell sees it: version, help, exit codes and streams."""

import subprocess
import sys

import pytest

import nanobook
from nanobook.cli.main import run


def shell(*words):
    return subprocess.run(
        [sys.executable, "-m", "nanobook", *words], capture_output=True, text=True, timeout=120
    )


def test_the_version_is_printed_without_loading_anything_heavy():
    code = (
        "import sys; from nanobook.cli.main import run; code = run(['--version'])\n"
        "heavy = {'numba', 'numpy', 'pandas', 'arch', 'matplotlib', 'cvxpy', 'scipy'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"nanobook {nanobook.__version__}", "0 []"]


def test_importing_nanobook_loads_no_command_line():
    code = "import sys, nanobook; print('typer' in sys.modules, 'nanobook.cli' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_python_m_nanobook_is_the_command():
    done = shell("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"nanobook {nanobook.__version__}\n",
        "",
    )


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_names_every_command(words, capsys):
    assert run(words) == 0
    shown = capsys.readouterr().out
    assert all(
        command in shown for command in ("demo", "backtest", "sweep", "itch", "warmup", "cache")
    )


@pytest.mark.parametrize("command", ["demo", "backtest", "sweep", "itch", "warmup", "cache"])
def test_every_command_has_help(command, capsys):
    assert run([command, "--help"]) == 0
    assert "--help" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["frobnicate"], "frobnicate"),
        (["demo", "--frobnicate"], "--frobnicate"),
        (["backtest"], "prices"),
        (["backtest", "a.csv", "b.csv", "--cash", "much"], "--cash"),
    ],
)
def test_a_wrong_word_ends_in_one_line_and_code_2(words, part, capsys):
    assert run(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("nanobook: ")
    assert shown.err.count("\n") == 1
    assert part in shown.err.lower()


def test_the_shell_gets_the_exit_code_and_the_line():
    done = shell("backtest", "no-such-prices.csv", "no-such-weights.csv")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "nanobook: no-such-prices.csv: there is no such file\n"


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m nanobook --help | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_fault_of_ours_is_not_hidden(monkeypatch):
    from nanobook.cli import compile as kernels

    def fail():
        raise RuntimeError("a fault")

    monkeypatch.setattr(kernels, "cache_folders", fail)
    with pytest.raises(RuntimeError, match="a fault"):
        run(["cache"])
