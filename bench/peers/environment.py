"""A virtual environment for each peer, made when it's missing, outside the repository."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["default_folder", "ready_environment"]


def default_folder():
    """Return the folder `nanobook-bench` where the platform keeps a user's caches."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nanobook-bench"


def ready_environment(folder, package, version, others=()):
    """Return the Python of an environment that holds one version of a package.

    Parameters
    ----------
    folder : Path
        The environment's; made if missing, and completed if it lacks the package.
    package, version : str
        What to install with pip.
    others : sequence of str, default ()
        What to install beside it, since the package needs it and doesn't say so.

    Returns
    -------
    Path
        The environment's Python.

    Raises
    ------
    subprocess.CalledProcessError
        If the environment can't be made, or pip finds no such package.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        print(f"making an environment for {package} {version} in {folder}", flush=True)
        _run(sys.executable, "-m", "venv", str(folder))
    if _installed(python, package) != version:
        print(f"installing {package}=={version}", flush=True)
        _run(python, "-I", "-m", "pip", "install", "-q", f"{package}=={version}", *others)
    return python


def _installed(python, package):
    """Return the version of a package in another environment, "" for none."""
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    answer = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True)
    return answer.stdout.strip()


def _run(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)
