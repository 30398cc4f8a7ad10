"""Docstrings and signatures say the same: sections, names, order, defaults, exceptions.

What nanobook and its rooms offer is held to all of it, and so is every function that a file
offers; kernels, and the records that files hand to each other, need only say what they are.
"""

import ast
import builtins
import dataclasses
import doctest
import enum
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

import nanobook
from nanobook import errors, jit

PACKAGE = Path(nanobook.__file__).parent

SECTIONS = (
    *("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns"),
    *("See Also", "Notes", "References", "Examples"),
)


# ---- reading a docstring -----------------------------------------------------------------------


@dataclasses.dataclass
class Page:
    """A docstring taken apart."""

    summary: str
    sections: dict  # name to lines, in order
    faults: list

    def entries(self, section):
        """Return (names, kind) for each line of a section that isn't indented.

        ``a, b : int, optional`` gives ``(["a", "b"], "int, optional")``; a type alone, as
        Returns and Raises have it, gives ``([type], "")``.
        """
        found = []
        for line in self.sections.get(section, []):
            if line and not line[0].isspace():
                names, _, kind = line.partition(" : ")
                found.append(([name.strip() for name in names.split(",")], kind))
        return found


def read(text):
    """Take a docstring apart at its underlined headings."""
    lines = inspect.cleandoc(text).splitlines()
    page = Page(lines[0] if lines else "", {}, [])
    current = None
    for at, line in enumerate(lines):
        below = lines[at + 1] if at + 1 < len(lines) else ""
        if re.fullmatch("-{3,}", below) and line and not line[0].isspace():
            if len(below) != len(line):
                page.faults.append(f"the line under {line!r} is {len(below)} long")
            if line not in SECTIONS:
                page.faults.append(f"{line!r} is no section")
            if line in page.sections:
                page.faults.append(f"{line!r} stands twice")
            if at and lines[at - 1]:
                page.faults.append(f"no blank line before {line!r}")
            current = page.sections.setdefault(line, [])
        elif current is not None and not re.fullmatch("-{3,}", line):
            current.append(line)
    known = [name for name in page.sections if name in SECTIONS]
    if known != sorted(known, key=SECTIONS.index):
        page.faults.append(f"sections stand in the order {known}")
    return page


# ---- what a function really does ---------------------------------------------------------------


class Body(ast.NodeVisitor):
    """What the body of one function gives and raises; functions inside it are their own."""

    def __init__(self, function):
        self.returns = self.yields = False
        self.raises = set()
        try:
            source = dedent(inspect.getsource(inspect.unwrap(function)))
        except (OSError, TypeError):
            return
        for node in ast.parse(source).body[0].body:
            self.visit(node)

    def visit_FunctionDef(self, node):
        """Stay outside."""

    visit_Lambda = visit_ClassDef = visit_FunctionDef

    def visit_Return(self, node):
        nothing = node.value is None or (
            isinstance(node.value, ast.Constant) and node.value.value is None
        )
        self.returns |= not nothing
        self.generic_visit(node)

    def visit_Yield(self, node):
        self.yields = True
        self.generic_visit(node)

    visit_YieldFrom = visit_Yield

    def visit_Try(self, node):
        outside = set(self.raises)
        for inner in node.body:
            self.visit(inner)
        if node.handlers:  # what's raised in there is caught there
            self.raises = outside
        for inner in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(inner)

    def visit_Raise(self, node):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name) and exception(raised.id):
            self.raises.add(raised.id)
        self.generic_visit(node)


def exception(name):
    """Return the exception class of a name, ours or Python's, or None."""
    found = getattr(errors, name, getattr(builtins, name, None))
    return found if inspect.isclass(found) and issubclass(found, BaseException) else None


def parameters_of(function):
    """Return the parameters that a caller gives, with stars, and their defaults."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if not name.startswith("_"):
            found[stars.get(parameter.kind, "") + name] = parameter.default
    for receiver in ("self", "cls"):
        found.pop(receiver, None)
    return found


# ---- the rules ---------------------------------------------------------------------------------


def summary_faults(page):
    return [*page.faults] if page.summary[-1] in ".:?" else [*page.faults, "no full stop"]


def said_faults(text):
    """Check a docstring that only has to say what the thing is."""
    return summary_faults(read(text)) if (text or "").strip() else ["no docstring"]


def parameter_faults(page, parameters):
    """Compare the Parameters section with what the signature says."""
    entries = page.entries("Parameters")
    named = [name for names, _ in entries for name in names]
    if named != list(parameters):
        return [f"Parameters names {named}, the signature {list(parameters)}"]
    found = []
    for names, kind in entries:
        if not kind and not names[0].startswith("*"):
            found.append(f"{', '.join(names)} has no type")
        for name in names:
            default = parameters[name]
            if default is inspect.Parameter.empty or name.startswith("*"):
                if re.search(r"\b(optional|default)\b", kind) and not name.startswith("*"):
                    found.append(f"{name} must be given, but is {kind!r}")
                continue
            said = re.search(r"\bdefault (.+)$", kind)
            agrees = same_default(said.group(1), default) if said else "optional" in kind
            if not agrees:
                found.append(f"{name} has the default {default!r}, but is {kind!r}")
    return found


def same_default(text, default):
    try:
        return ast.literal_eval(text) == default
    except (SyntaxError, ValueError):  # a name, such as float64
        return text == getattr(default, "__name__", None)


def result_faults(page, body):
    found = []
    for section, does, verb in (
        ("Returns", body.returns and not body.yields, "returns"),
        ("Yields", body.yields, "yields"),
    ):
        if does and not page.entries(section):
            found.append(f"it {verb} something, and there's no {section} section that says what")
        if not does and section in page.sections:
            found.append(f"it {verb} nothing, but there's a {section} section")
    return found


def raise_faults(page, body):
    named = {name for names, _ in page.entries("Raises") for name in names}
    found = [f"Raises names {name}, which is no exception" for name in named if not exception(name)]
    if "Raises" in page.sections and not named:
        found.append("Raises names nothing")
    for name in sorted(body.raises - named):
        parents = {base.__name__ for base in exception(name).__mro__}
        if not named & parents:
            found.append(f"it raises {name}, which Raises doesn't name")
    return found


def function_faults(function):
    if not (function.__doc__ or "").strip():
        return ["no docstring"]
    page, body = read(function.__doc__), Body(function)
    return [
        *summary_faults(page),
        *parameter_faults(page, parameters_of(function)),
        *result_faults(page, body),
        *raise_faults(page, body),
    ]


def class_faults(cls):
    """Check a class and yield (name, faults) for it and each method of its own."""
    own = cls.__dict__
    if not (own.get("__doc__") or "").strip():
        yield cls.__qualname__, ["no docstring"]
        return
    page = read(cls.__doc__)
    init = own.get("__init__")
    constructed = not issubclass(cls, enum.Enum | BaseException)
    if init is not None and not dataclasses.is_dataclass(cls) and init.__doc__:
        page_of_init = read(init.__doc__)
        yield f"{cls.__qualname__}.__init__", parameter_faults(page_of_init, parameters_of(init))
        constructed = False
    found = summary_faults(page)
    if constructed:
        found += parameter_faults(page, parameters_of(cls))
        maker = own.get("__post_init__") or own.get("__new__") or init
        found += raise_faults(page, Body(maker))
    yield cls.__qualname__, found
    yield from method_faults(cls)


def method_faults(cls):
    for name, member in cls.__dict__.items():
        if name.startswith("_"):
            continue
        inner = getattr(member, "fget", None) or getattr(member, "func", None)
        if inner is not None:  # a property: what it is, on a line
            yield f"{cls.__qualname__}.{name}", said_faults(inner.__doc__)
            continue
        function = getattr(member, "__func__", member)
        if inspect.isfunction(function) and function.__module__ == cls.__module__:
            yield f"{cls.__qualname__}.{name}", function_faults(function)


def record_faults(cls):
    """Check a class that files hand to each other: what it is, and its methods in full."""
    return [(cls.__qualname__, said_faults(cls.__dict__.get("__doc__"))), *method_faults(cls)]


# ---- the package -------------------------------------------------------------------------------


def modules():
    """Return every module of the package, imported."""
    names = [info.name for info in pkgutil.walk_packages([str(PACKAGE)], "nanobook.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


def offered():
    """Return (home, thing, whether it's public) for all that nanobook, rooms and files offer."""
    found = {}
    for module in [nanobook, *modules()]:
        public = module is nanobook or hasattr(module, "__path__")
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if inspect.ismodule(thing):  # hides a function: test_public_api tells of it
                thing = getattr(thing, name)
            home = getattr(thing, "__module__", None) or ""
            if home.startswith("nanobook") and hasattr(thing, "__qualname__"):
                _, _, before = found.get(id(thing), (home, thing, False))
                found[id(thing)] = (home, thing, public or before)
    return sorted(found.values(), key=lambda row: (row[0], name_of(row[1])))


def name_of(thing):
    """Return the name of a function or class, of a strategy, or of an object's class."""
    return getattr(thing, "__qualname__", None) or getattr(thing, "name", type(thing).__name__)


def is_kernel(thing):
    return any(kernel is thing for kernel in jit.kernels())


def faults_of(thing, public):
    if is_kernel(thing) or not hasattr(thing, "__qualname__"):
        return [(name_of(thing), said_faults(thing.__doc__))]
    if inspect.isclass(thing):
        return list(class_faults(thing)) if public else record_faults(thing)
    return [(thing.__qualname__, function_faults(thing))] if callable(thing) else []


ALL = offered()


@pytest.mark.core
@pytest.mark.parametrize(
    ("home", "thing", "public"),
    ALL,
    ids=[f"{home.removeprefix('nanobook.')}.{name_of(thing)}" for home, thing, _ in ALL],
)
def test_docstring_and_signature_agree(home, thing, public):
    file = home.replace(".", "/") + ".py"
    found = [
        f"{file}: {name}: {fault}" for name, faults in faults_of(thing, public) for fault in faults
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.core
@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_every_file_says_what_it_is(path):
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text
    assert text.split("\n\n")[0].endswith((".", ":", "::"))


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for module in modules() for test in finder.find(module) if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_examples_give_what_they_show(example):
    said = []
    public = {name: getattr(nanobook, name) for name in nanobook.__all__}
    example.globs = {**public, **example.globs}
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not said, "".join(said)


# ---- the reader reads --------------------------------------------------------------------------


def whole(a, b, *rest, c=1, d=None, **more):
    """Say something.

    Parameters
    ----------
    a, b : int
        Two.
    *rest : int
        More.
    c : int, default 1
        One.
    d : int, optional
        None.
    **more
        Any.

    Returns
    -------
    total : int
        The sum.
    count : int
        How many.

    Raises
    ------
    ValidationError
        If `a` is bad.
    ValueError, KeyError
        If `b` is.
    """
    if a:
        raise errors.RangeError
    try:
        if b:
            raise OSError
    except OSError:
        raise KeyError(b) from None
    return a, b


@pytest.mark.core
def test_a_whole_docstring_has_no_faults():
    assert function_faults(whole) == []
    assert read(whole.__doc__).entries("Returns") == [(["total"], "int"), (["count"], "int")]


@pytest.mark.core
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("Say something.", "Say something", "no full stop"),
        ("a, b : int", "b, a : int", "Parameters names"),
        ("a, b : int", "a : int", "Parameters names"),
        ("*rest : int", "rest : int", "Parameters names"),
        ("a, b : int", "a, b", "a, b has no type"),
        ("a, b : int", "a, b : int, optional", "a must be given, but is 'int, optional'"),
        ("c : int, default 1", "c : int", "c has the default 1, but is 'int'"),
        ("c : int, default 1", "c : int, default 2", "c has the default 1"),
        ("----------\na, b", "---------\na, b", "the line under 'Parameters' is 9 long"),
        ("Returns\n-------", "Result\n------", "'Result' is no section"),
        ("Returns\n-------", "Yields\n------", "it yields nothing"),
        ("ValidationError", "ValidationMistake", "which is no exception"),
        ("ValueError, KeyError", "ValueError", "it raises KeyError"),
        ("\n\nReturns", "\nReturns", "no blank line before 'Returns'"),
        ("Raises\n------", "Returns\n-------", "'Returns' stands twice"),
        ("Raises\n------", "Attributes\n----------", "sections stand in the order"),
    ],
)
def test_a_fault_is_found(old, new, fault):
    text = inspect.cleandoc(whole.__doc__)
    assert text.count(old) == 1

    def faulty(a, b, *rest, c=1, d=None, **more):
        if b:
            raise KeyError(b)
        return a

    faulty.__doc__ = text.replace(old, new)
    found = function_faults(faulty)
    assert any(fault in sentence for sentence in found), found


@pytest.mark.core
def test_a_missing_section_is_found():
    def silent(a):
        """Say nothing."""
        return a

    def returns_nothing(a=None):
        """Return nothing.

        Parameters
        ----------
        a : int, optional
            Any.
        """
        if a:
            return None

        def inner():
            return 1

        inner()

    assert len(function_faults(silent)) == 2
    assert function_faults(returns_nothing) == []
