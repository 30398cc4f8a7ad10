"""Both ends of the pipe between a bench and a peer that times its own work.

The bench sends one JSON line a request, ``{"do": "first" | "sample" | "answer", "task": ...}``,
and the peer answers with one JSON line. Between requests it waits, so only one process works at
a time. It's started isolated (``-I``) and elsewhere: the original is imported by the name
`nanobook` too, and must not find the checkout.
"""

import json
import os
import subprocess
import sys
import tempfile

from timing import Clock

__all__ = ["Peer", "RemoteClock", "serve"]


class Peer:
    """A peer's process, seen from the bench."""

    def __init__(self, python, script, folder):
        """Start `script` with the environment's `python`; `folder` holds the problem's files."""
        self._given = python, script, folder
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 closed in `close`
        self._script = script.name
        self._process = subprocess.Popen(
            [python, "-I", str(script.resolve()), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=folder,
        )
        self.hello = self._read()

    def ask(self, do, task):
        """Send a request and return the answer."""
        self._process.stdin.write(json.dumps({"do": do, "task": task}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def clock(self, name, task):
        """Return a clock for one of the peer's tasks, its first call done."""
        return RemoteClock(name, self, task)

    def started_anew(self):
        """Return another process of the same peer, in place of one that ended."""
        return Peer(*self._given)

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._errors.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(timeout=60)
            self._errors.seek(0)
            raise RuntimeError(f"{self._script} ended:\n{self._errors.read()[-2000:]}")
        return json.loads(line)


class RemoteClock(Clock):
    """A clock whose samples another process takes."""

    def __init__(self, name, peer, task):
        """Have the peer time the task's first call and warm up."""
        self.name = name
        self.samples = []
        self._ask = lambda do: peer.ask(do, task)
        self.first = self._ask("first")

    def sample(self):
        """Have the peer take one round of samples."""
        self.samples += self._ask("sample")


def serve(hello, tasks, answers=None):
    """Answer requests until the bench closes the pipe; called by the peers' scripts.

    Parameters
    ----------
    hello : dict
        What the peer says of itself first: versions, seconds to import.
    tasks : dict of str to callable
        What it can time.
    answers : dict of str to callable, optional
        What it can tell; each returns something that JSON can hold.
    """
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # whatever the package prints isn't a reply
    clocks = {}

    def reply(value):
        replies.write(json.dumps(value) + "\n")
        replies.flush()

    reply(hello)
    for line in sys.stdin:
        request = json.loads(line)
        do, task = request["do"], request["task"]
        if do == "first":
            clocks[task] = Clock(task, tasks[task])
            reply(clocks[task].first)
        elif do == "sample":
            clocks[task].samples = []
            clocks[task].sample()
            reply(clocks[task].samples)
        else:
            reply(answers[task]())
