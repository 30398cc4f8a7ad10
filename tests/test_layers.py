"""Who may import whom: the list of rooms, and a reader of imports that holds the package to it."""

import ast
from pathlib import Path

import pytest

import nanobook

PACKAGE = Path(nanobook.__file__).parent

#: Rooms by row. Imports point to a smaller row number only; rooms in one row don't know each
#: other; inside a room anything goes. `report` stands low because it draws frames and whatever
#: has their shape, and imports no result class: so results may call it. `datasets` stands above
#: the book: its order flow comes from orders that meet in a real one. `optimize` stands above the
#: simulator, which compares optimizers by what they would have earned, and below the sweep.
ROWS = (
    ("jit", "errors", "progress", "version"),
    ("types",),
    ("persistence", "panel"),
    ("metrics", "indicators", "microstructure", "statistics"),
    ("book", "volatility", "risk", "report"),
    ("itch", "portfolio", "datasets"),
    ("optimize",),
    ("sweep", "brokers"),
    ("rebalancer",),
    ("cli",),
)
ROW_OF = {room: row for row, rooms in enumerate(ROWS) for room in rooms}

#: May import anything; no room imports them. `__init__` passes the names of all others on.
FRONT_DOOR = ("__init__", "__main__", "aliases", "capabilities")
FRONT_DOOR_MAY_IMPORT = {("aliases", "capabilities")}


def room_of(parts):
    """Return the room that a file or a module, given as a tuple of names, belongs to."""
    return parts[0] if parts else "__init__"


def imports_of(tree, parts):
    """Yield the line and the module, a tuple of names, of every import from our own package.

    Those inside functions count, and so do calls of ``import_module`` with a name spelled out.
    """
    package = parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = node.module.split(".") if node.module else []
            if node.level:
                source = ["nanobook", *package[: len(package) - node.level + 1], *source]
            names = [".".join([*source, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Call):
            names = [spelled_out(argument) for argument in node.args[:1] if calls_import(node)]
        else:
            continue
        for name in names:
            top, *rest = name.split(".")
            if top == "nanobook":
                yield node.lineno, tuple(rest)


def calls_import(call):
    name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
    return name in ("import_module", "__import__")


def spelled_out(node):
    """Return the constant text that an expression begins with."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def faults(package):
    """Return a sentence for every file and every import that breaks the rules."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        room, file = room_of(parts), path.relative_to(package.parent)
        if room not in ROW_OF and room not in FRONT_DOOR:
            found.append(f"{file}: {room!r} is in no row; add it to ROWS in tests/test_layers.py")
            continue
        for line, module in imports_of(ast.parse(path.read_text(encoding="utf-8")), parts):
            reached = room_of(module)
            known = reached in ROW_OF or reached in FRONT_DOOR
            if not known:  # `from nanobook import backtest`: a name of the front door
                reached = "__init__"
            verb = f"{file}:{line}: {room!r} imports {reached!r}"
            if room in ("__init__", reached) or (room, reached) in FRONT_DOOR_MAY_IMPORT:
                continue
            if reached in FRONT_DOOR:
                found.append(f"{verb}, the front door, which nothing inside goes through")
            elif room in FRONT_DOOR:
                continue
            elif ROW_OF[reached] == ROW_OF[room]:
                found.append(f"{verb}, its neighbour in row {ROW_OF[room]}")
            elif ROW_OF[reached] > ROW_OF[room]:
                found.append(f"{verb}, which stands above it: {ROW_OF[room]} < {ROW_OF[reached]}")
    return found


@pytest.mark.core
def test_imports_point_down():
    found = faults(PACKAGE)
    assert not found, "\n" + "\n".join(found)


@pytest.mark.core
def test_a_room_stands_in_one_row():
    rooms = [room for row in ROWS for room in row]
    assert len(rooms) == len(set(rooms))
    assert not set(rooms) & set(FRONT_DOOR)


# ---- the reader reads ------------------------------------------------------------------------


def plant(folder, files):
    for name, text in files.items():
        path = folder / "nanobook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return faults(folder / "nanobook")


UP = "'metrics' imports 'portfolio', which stands above it: 3 < 5"


@pytest.mark.core
@pytest.mark.parametrize(
    "line",
    [
        "from nanobook.portfolio import backtest",
        "from nanobook.portfolio.costs import CostModel",
        "from nanobook import portfolio",
        "import nanobook.portfolio.costs",
        "import numpy, nanobook.portfolio as p",
        "from ..portfolio import costs",
        "from .. import portfolio",
        "def f():\n    from nanobook.portfolio import backtest",
        "class C:\n    def f(self):\n        if True:\n            import nanobook.portfolio",
        "if TYPE_CHECKING:\n    from nanobook.portfolio import BacktestResult",
        "try:\n    import nanobook.portfolio\nexcept ImportError:\n    pass",
        "importlib.import_module('nanobook.portfolio')",
        "import_module(f'nanobook.portfolio.{name}')",
        "__import__('nanobook.portfolio')",
    ],
)
def test_a_planted_wrong_import_is_caught(tmp_path, line):
    text = f"x = 1\n{line}\n"
    [found] = plant(tmp_path, {"metrics/rolling.py": text})
    file, number, sentence = found.split(":", 2)
    assert Path(file) == Path("nanobook/metrics/rolling.py")
    assert "portfolio" in text.splitlines()[int(number) - 1]
    assert sentence.strip() == UP


@pytest.mark.core
@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        ("panel/arrays.py", "import nanobook.persistence", "its neighbour in row 2"),
        ("jit.py", "from nanobook.errors import NanobookError", "its neighbour in row 0"),
        ("types/side.py", "from nanobook.aliases import py_x", "the front door"),
        ("cli/main.py", "from nanobook import __version__", "the front door"),
        ("cli/main.py", "import nanobook", "the front door"),
        ("capabilities.py", "from nanobook.aliases import py_x", "the front door"),
        ("helpers.py", "", "'helpers' is in no row"),
        ("misc/__init__.py", "", "'misc' is in no row"),
        ("misc/deeper/page.py", "import nanobook.jit", "'misc' is in no row"),
    ],
)
def test_other_faults_are_caught(tmp_path, name, line, sentence):
    [found] = plant(tmp_path, {name: line})
    assert sentence in found
    assert str(Path("nanobook") / name) in found


@pytest.mark.core
def test_what_is_allowed_is_silent(tmp_path):
    files = {
        "__init__.py": "from nanobook.cli import main\nimport nanobook.capabilities",
        "__main__.py": "from nanobook.cli.main import run",
        "aliases.py": "from nanobook.capabilities import capabilities\nimport nanobook.portfolio",
        "capabilities.py": "import nanobook.jit",
        "portfolio/result.py": "import nanobook.report.plots\nfrom .costs import CostModel",
        "portfolio/__init__.py": "from . import costs\nfrom nanobook import errors",
        "book/deep/queue.py": "from ... import jit\nfrom ..levels import x\nimport numpy.linalg",
        "cli/main.py": "import_module('pandas')\nimport_module(name)\nimport nanobooklet",
    }
    assert plant(tmp_path, files) == []
