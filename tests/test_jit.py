"""What `nanobook.jit` promises, shown in fresh processes on a package of five tiny files."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent

import numba
import pytest

import nanobook
from nanobook import jit

PACKAGE = Path(nanobook.__file__).parent

#: Kernels of the small package: a calls b, b holds a constant of c, p is parallel.
SOURCES = {
    "__init__.py": "",
    "a.py": """\
        from nanobook.b import scaled
        from nanobook.jit import njit

        @njit
        def shifted(x):
            return scaled(x) + 1
        """,
    "b.py": """\
        from nanobook.c import FACTOR
        from nanobook.jit import njit

        @njit
        def scaled(x):
            return x * FACTOR
        """,
    "c.py": "FACTOR = 10\n",
    "p.py": """\
        from nanobook.b import scaled
        from nanobook.jit import njit, prange

        @njit(parallel=True)
        def fill(out):
            for i in prange(out.size):
                out[i] = scaled(i)
        """,
}

#: Goes before the code of every process: counts compilations, and prints one line of JSON.
PRELUDE = """
import json, warnings
from numba.core import event
compiled = event.RecordingListener()
event.register("numba:compile", compiled)
def tell(**facts):
    count = sum(record.is_start for _, record in compiled.buffer)
    print(json.dumps({"compiled": count, **facts}, default=str))
"""

#: The same warm-up for most tests.
CALL_SHIFTED = """
from nanobook.a import shifted
tell(value=shifted(2))
"""


def run(code, path, **environment):
    """Run code in a process of its own; return what its last line of output says."""
    names = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "LANG")
    clean = {name: os.environ[name] for name in names if name in os.environ}
    environment = {key: str(value) for key, value in environment.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + dedent(code)],
        env={**clean, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(path), **environment},
        cwd=path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def listing(folder):
    """Return every file below a folder with its bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(path, old, new):
    """Change a file's text but neither its length nor its times: all that Numba looks at."""
    assert len(old) == len(new)
    before = path.stat()
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def site(tmp_path):
    """A folder to import the small package from, with our jit.py in it."""
    package = tmp_path / "site" / "nanobook"
    package.mkdir(parents=True)
    shutil.copy(jit.__file__, package / "jit.py")
    for name, text in SOURCES.items():
        (package / name).write_text(dedent(text))
    return package.parent


@pytest.fixture
def place(tmp_path):
    """Variables that send all caching to this test's folder: a home and a temporary directory."""
    (tmp_path / "tmp").mkdir()
    return {"HOME": tmp_path / "home", "TMPDIR": tmp_path / "tmp"}


# ---- never stale ---------------------------------------------------------------------------


def test_a_second_process_compiles_nothing(site, place):
    code = """
    import numpy as np
    from nanobook.a import shifted
    from nanobook.p import fill
    out = np.empty(5, dtype=np.int64)
    fill(out)
    tell(value=shifted(2), out=out.tolist())
    """
    first, second = run(code, site, **place), run(code, site, **place)
    assert first.pop("compiled") >= 3
    assert second.pop("compiled") == 0
    assert first == second == {"value": 21, "out": [0, 10, 20, 30, 40]}


def test_an_edit_is_never_served_stale(site, place):
    package = site / "nanobook"
    assert run(CALL_SHIFTED, site, **place)["value"] == 2 * 10 + 1
    edit(package / "a.py", "+ 1", "+ 2")
    assert run(CALL_SHIFTED, site, **place)["value"] == 2 * 10 + 2
    edit(package / "b.py", "x * F", "x + F")  # in a callee
    assert run(CALL_SHIFTED, site, **place)["value"] == 2 + 10 + 2
    edit(package / "c.py", "= 10", "= 30")  # in a constant of a third file
    assert run(CALL_SHIFTED, site, **place)["value"] == 2 + 30 + 2


def test_numba_alone_serves_a_stale_callee(site, place):
    # What jit.py is there for. If this fails, Numba has learned to look at callees.
    (site / "nanobook" / "jit.py").write_text(
        "import numba\n\ndef njit(function):\n    return numba.njit(function, cache=True)\n"
    )
    assert run(CALL_SHIFTED, site, **place)["value"] == 21
    edit(site / "nanobook" / "b.py", "x * F", "x + F")
    assert run(CALL_SHIFTED, site, **place)["value"] == 21


def test_the_folder_changes_with_the_sources_kernels_are_made_of(site, place):
    code = """
    import os
    from pathlib import Path
    from nanobook.jit import _source_hash
    package, seen = Path("nanobook"), [_source_hash()]
    def change(name, text):
        path = package / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        seen.append(_source_hash())
    change("cli/main.py", "1")
    change("report/plots.py", "1")
    above = len(set(seen))
    change("d.py", "1")
    change("d.py", "2")
    change("room/d.py", "2")
    os.rename(package / "d.py", package / "e.py")
    seen.append(_source_hash())
    tell(above=above, distinct=len(set(seen)))
    """
    assert run(code, site, **place) == {"compiled": 0, "above": 1, "distinct": 5}


@pytest.mark.skipif(sys.platform == "win32", reason="the cache folder is another one")
def test_the_main_path_compiles_nothing_the_second_time():
    code = """
    import numpy as np
    import pandas as pd
    import nanobook
    from nanobook.jit import cache_folder
    dates = pd.date_range("2024-01-01", periods=40, freq="B")
    walk = 100 + np.arange(40.0)[:, None] % 7 * [1.0, -1.0, 2.0]
    prices = pd.DataFrame(walk, index=dates, columns=list("ABC"))
    weights = pd.DataFrame(1 / 3, index=dates[::10], columns=list("ABC"))
    stops = nanobook.Stops(trailing_stop_pct=0.05, atr_multiple=3.0)
    costs = nanobook.CostModel(commission_bps=5, slippage_bps=3)
    result = nanobook.backtest(prices, weights, cash=1e6, costs=costs, stops=stops)
    plain = nanobook.backtest(walk, np.full(walk.shape, 0.3), cash=1e6, records=False)
    old = nanobook.backtest_weights([[("A", 0.5)]] * 3, [[("A", 100)]] * 3, 10**6, 15)
    figures = [run.metrics.sharpe for run in (result, plain, old)]
    again = nanobook.compute_metrics(result.returns).sharpe
    rolling = nanobook.rolling_sharpe(result.returns, 5).iloc[-1]
    falls = nanobook.rolling_max_drawdown(result.equity, 5).sum(), len(
        nanobook.drawdown_series(result.equity)
    )
    tell(folder=cache_folder(), figures=[*figures, again, rolling, *falls])
    """
    shared = {
        name: os.environ.get(name)
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "NUMBA_BOUNDSCHECK")
    }
    first = run(code, PACKAGE.parent, **shared)
    second = run(code, PACKAGE.parent, **shared)
    assert first["folder"] == second["folder"], "the sources were edited while the test ran"
    assert second["compiled"] == 0
    assert first["figures"] == second["figures"]


# ---- where the folder is -------------------------------------------------------------------


def test_a_read_only_installation_works(site, place, tmp_path):
    package = site / "nanobook"
    package.chmod(0o555)  # which the superuser may ignore, so nothing new may stand there either
    before = listing(tmp_path)
    first, second = run(CALL_SHIFTED, site, **place), run(CALL_SHIFTED, site, **place)
    package.chmod(0o755)
    assert (first["value"], second["value"], second["compiled"]) == (21, 21, 0)
    after = listing(tmp_path)
    assert {path: after[path] for path in before} == before
    written = after.keys() - before.keys()
    assert written
    assert all(path.is_relative_to(place["HOME"]) for path in written)


@pytest.mark.parametrize("chosen", [None, "chosen"])
def test_the_users_choice_and_the_users_own_kernels_are_respected(site, place, tmp_path, chosen):
    (site / "mine.py").write_text(
        "import numba\n\n@numba.njit(cache=True)\ndef twice(x):\n    return 2 * x\n"
    )
    code = """
    import numba
    from nanobook.jit import cache_folder
    before = numba.config.CACHE_DIR
    from nanobook.a import shifted
    between = numba.config.CACHE_DIR
    from mine import twice
    tell(value=twice(shifted(2)), before=before, between=between, after=numba.config.CACHE_DIR,
         folder=cache_folder(), theirs=twice.stats.cache_path, ours=shifted.stats.cache_path)
    """
    told = run(code, site, **place, NUMBA_CACHE_DIR=chosen and tmp_path / chosen)
    assert told["value"] == 42
    assert told["before"] == told["between"] == told["after"]
    folder, ours, theirs = (Path(told[name]) for name in ("folder", "ours", "theirs"))
    assert ours.is_relative_to(folder)
    assert list(ours.glob("*.nbc"))
    assert not theirs.is_relative_to(folder)
    assert list(theirs.glob("*.nbc"))
    if chosen:
        assert folder.parent == tmp_path / chosen / "nanobook"
        assert theirs.is_relative_to(tmp_path / chosen)
        assert not place["HOME"].exists()
    else:
        assert folder.is_relative_to(place["HOME"])
        assert theirs == site / "__pycache__"


#: Where no folder can be made. The superuser may write anywhere, so modes would prove nothing.
NOWHERE = "/dev/null/nowhere"

unix_only = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes as on Unix")


@unix_only
def test_without_any_place_kernels_work_uncached_and_a_warning_says_so(site, place):
    code = f"""
    import tempfile
    tempfile.tempdir = {NOWHERE!r}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from nanobook.a import shifted
        from nanobook.jit import cache_folder
    warned = [[type(w.message).__name__, str(w.message), w.filename] for w in caught]
    tell(value=shifted(2), folder=cache_folder(), warned=warned)
    """
    before = listing(site)
    told = run(code, site, **place, XDG_CACHE_HOME=NOWHERE)
    assert (told["value"], told["folder"]) == (21, None)
    [[category, message, _]] = told["warned"]
    assert category == "RuntimeWarning"
    assert NOWHERE in message
    assert "NUMBA_CACHE_DIR" in message
    assert listing(site) == before


@pytest.fixture
def find_folder(monkeypatch, tmp_path):
    """Find a cache folder in this process, for an environment without a place of its own."""
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return jit.cache_folder.__wrapped__


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is for the others")
def test_the_platforms_place_is_the_default(find_folder, monkeypatch, tmp_path):
    assert find_folder().parent == tmp_path / "home" / ".cache" / "nanobook"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert find_folder().parent == tmp_path / "xdg" / "nanobook"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert find_folder().parent == tmp_path / "chosen" / "nanobook"


def test_bounds_checking_has_a_folder_of_its_own(find_folder, monkeypatch):
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", None)
    plain = find_folder()
    monkeypatch.setattr(numba.config, "BOUNDSCHECK", 1)
    assert find_folder() == plain.with_name(plain.name + "-boundscheck")


@unix_only
def test_where_home_cant_be_written_the_temporary_directory_serves(
    find_folder, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", NOWHERE)
    ours = tmp_path / f"nanobook-{os.getuid()}"
    assert find_folder().parent == ours
    assert ours.stat().st_mode & 0o777 == 0o700
    assert find_folder().parent == ours


@unix_only
def test_a_user_without_a_home_isnt_turned_away(find_folder, monkeypatch, tmp_path):
    # A container may run under a number that no password file knows, without HOME.
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    assert find_folder().parent == tmp_path / f"nanobook-{os.getuid()}"


def writable_by_others(folder):
    folder.mkdir()
    folder.chmod(0o707)


def writable_by_the_group(folder):
    folder.mkdir()
    folder.chmod(0o770)


def owned_by_another(folder):
    if os.getuid() != 0:
        pytest.skip("only the superuser can give a folder away")
    folder.mkdir(mode=0o755)
    os.chown(folder, 54321, 54321)


def a_link(folder):
    # Where it points belongs to us today; whoever owns the link can turn it tomorrow.
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


@unix_only
@pytest.mark.parametrize(
    "plant", [writable_by_others, writable_by_the_group, owned_by_another, a_link]
)
def test_a_folder_that_isnt_ours_alone_isnt_trusted(find_folder, monkeypatch, tmp_path, plant):
    planted = tmp_path / f"nanobook-{os.getuid()}"
    plant(planted)
    monkeypatch.setenv("XDG_CACHE_HOME", NOWHERE)
    with pytest.warns(RuntimeWarning, match="compiled anew"):
        assert find_folder() is None
    assert not list(planted.iterdir())


# ---- what's loaded ---------------------------------------------------------------------------

HEAVY = (
    *("pandas", "pyarrow", "arch", "cvxpy", "matplotlib", "typer", "rich", "pydantic", "tqdm"),
    *("scipy.linalg", "scipy.optimize", "scipy.sparse", "scipy.special", "scipy.stats"),
    *("ib_insync", "ib_async", "binance", "distributed"),
)

#: Numba looks for SciPy's BLAS when it loads its first kernel.
NUMBA_AND_ITS_OWN = {"numba", "numpy", "scipy", "scipy.linalg"}

TELL_LOADED = f"""
import json, sys
heavy = {HEAVY!r}
print(json.dumps([name for name in (*heavy, "numba", "numpy", "scipy") if name in sys.modules]))
"""


def loaded_by(code):
    """Run code in a process of its own; return which heavy packages it has loaded."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSTARTUP"}
    done = subprocess.run(
        [sys.executable, "-c", dedent(code) + TELL_LOADED],
        env={**environment, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.core
def test_importing_nanobook_loads_nothing_heavy():
    assert loaded_by("import nanobook\ndir(nanobook)") == set()


@pytest.mark.core
def test_errors_and_types_dont_load_numba():
    code = "import nanobook\nnanobook.Price(1), nanobook.Symbol('A'), nanobook.NanobookError"
    assert loaded_by(code) <= {"numpy"}


def test_a_backtest_without_frames_loads_nothing_heavy():
    code = """
    import numpy as np
    import nanobook
    prices = np.array([[10.0], [11.0], [12.0]])
    result = nanobook.backtest(prices, np.ones((3, 1)), cash=1_100, costs=5)
    assert result.equity.size == 3 and result.metrics.num_periods == 3
    nanobook.compute_metrics(result.returns)
    result = nanobook.backtest_weights([[("A", 1.0)]] * 2, [[("A", 100)]] * 2, 1000, 15)
    assert result["equity_curve"] and result["holdings"] and result["metrics"]
    """
    assert loaded_by(code) <= NUMBA_AND_ITS_OWN


# ---- the decorator -----------------------------------------------------------------------------


@pytest.mark.core
def test_the_decorator_works_with_and_without_parentheses():
    def once(x):
        return x + 1

    for decorate in (jit.njit, jit.njit(), jit.njit(nogil=True)):
        kernel = decorate(once)
        assert kernel(1) == 2
        assert jit.kernels()[-1] is kernel


@pytest.mark.core
def test_the_list_of_kernels_is_a_copy():
    jit.kernels().clear()
    assert jit.kernels()


@pytest.mark.core
def test_a_division_by_zero_gives_infinity():
    if numba.config.DISABLE_JIT:
        pytest.skip("plain Python raises")

    @jit.njit
    def inverse(x):
        return 1.0 / x

    assert inverse(0.0) == float("inf")
