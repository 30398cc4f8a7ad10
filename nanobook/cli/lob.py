"""An order book to type into: the `lob` command, also `nanobook lob`."""

import signal
import sys
from contextlib import contextmanager, nullcontext

from nanobook.cli.lob_commands import COMMANDS
from nanobook.cli.lob_screen import Screen
from nanobook.cli.lob_session import Session
from nanobook.errors import NanobookError
from nanobook.version import __version__

__all__ = ["console", "run"]

PROMPT = "lob> "
_BANNER = f"nanobook {__version__} order book. Type help for the commands, quit to leave."
_LINES_KEPT = 1000


def run(arguments=None):
    """Run the `lob` command: the same as `nanobook lob`.

    Parameters
    ----------
    arguments : list of str, optional
        The words after the command's name; by default those it was started with.

    Returns
    -------
    int
        The exit code.
    """
    from nanobook.cli import main

    return main.run(["lob", *(sys.argv[1:] if arguments is None else arguments)])


def console(strict=False, history=None):
    """Read commands from standard input until it ends, and do what they say.

    At a terminal there's a prompt, and an error says what was wrong; from a file or a pipe there's
    none, and an error goes to standard error with the number of its line.

    Parameters
    ----------
    strict : bool, default False
        Whether the first error ends it.
    history : Path, optional
        A file of the lines typed at the terminal, read first and written at the end.

    Returns
    -------
    int
        The exit code: 0, or 1 after an error if strict.
    """
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)
    if sys.stdin.isatty() and sys.stdout.isatty():
        session = Session(Screen(), _spinner)
        with _line_editing(history):
            return _converse(session, strict)
    return _read_script(Session(Screen()), strict)


def _converse(session, strict):
    """Prompt for lines; an interrupt gives the line up, the end of input ends it."""
    session.screen.line(_BANNER)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    while True:
        try:
            line = _next_line()
            with _uninterrupted():
                if not session.do(line):
                    return 0
        except KeyboardInterrupt:
            print()
        except (NanobookError, OSError) as error:
            session.screen.line((_text(error), "red"))
            if strict:
                return 1


@contextmanager
def _uninterrupted():
    """Hold interrupts back while a command runs: compiling halfway would leave nothing to run."""
    held = []
    before = signal.signal(signal.SIGINT, lambda *_: held.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


def _next_line():
    try:
        return input(PROMPT)
    except EOFError:
        print()
        return "quit"


def _read_script(session, strict):
    for number, line in enumerate(sys.stdin, start=1):
        try:
            if not session.do(line):
                return 0
        except (NanobookError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            sys.stdout.flush()
            print(f"lob: line {number}: {_text(error)}", file=sys.stderr)
            if strict:
                return 1
        sys.stdout.flush()
    return 0


def _text(error):
    if isinstance(error, OSError) and error.strerror:
        error = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


def _spinner(text):
    """Return a context that shows a spinner while it lasts."""
    from rich.console import Console

    return Console().status(text)


@contextmanager
def _line_editing(history):
    """Edit, recall and complete lines where the platform can; keep them in a file if asked to."""
    try:
        import readline
    except ImportError:  # as on Windows, whose terminals edit and recall by themselves
        with nullcontext():
            yield
        return
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    readline.set_completer_delims(" \t\n")
    readline.set_completer(lambda word, at: _completions(readline.get_line_buffer(), word, at))
    if history is not None and history.exists():
        readline.read_history_file(history)
    try:
        yield
    finally:
        readline.set_completer(None)
        if history is not None:
            readline.set_history_length(_LINES_KEPT)
            readline.write_history_file(history)


def _completions(line, word, at):
    """Return the completion of that number for the last word of a line, None if there's none."""
    first = line.split(maxsplit=1)[0].lower() if line.split() else ""
    if line.lstrip() == word or first in ("help", "h", "?"):
        found = [f"{each.name} " for each in COMMANDS if each.name.startswith(word.lower())]
    elif first in ("save", "load", "process"):
        found = _paths(word)
    else:
        found = []
    return found[at] if at < len(found) else None


def _paths(start):
    from glob import escape, glob
    from os.path import isdir

    return sorted(f"{path}/" if isdir(path) else path for path in glob(f"{escape(start)}*"))
