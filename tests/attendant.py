"""A process that stays and carries out one command of the product after the other: starting one for each takes a second of a processor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent

# Commands come in as lines of JSON, what they printed and their exit codes go out; between them no connection stays open.
_SERVE = """
def serve():
    import io, json, sys, traceback
    from contextlib import redirect_stderr, redirect_stdout
    from django.core.management import execute_from_command_line
    from django.db import connections

    answers = sys.stdout
    for line in sys.stdin:
        out, err, code = io.StringIO(), io.StringIO(), 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                execute_from_command_line(["manage.py", *json.loads(line)])
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            except BaseException:
                traceback.print_exc()
                code = 1
        connections.close_all()
        print(json.dumps([code, out.getvalue(), err.getvalue()]), file=answers, flush=True)

serve()
"""


class Attendant:
    """Starts with the first command."""

    def __init__(self, environment: Mapping[str, str], log: IO[bytes]) -> None:
        self._environment, self._log = environment, log
        self._process: subprocess.Popen[str] | None = None

    def carry_out(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As a process ``manage.py`` with these arguments would."""
        process = self._process = self._process or self._start()
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"the process ended with {process.wait()} while it carried out {arguments}"
        code, out, err = json.loads(answer)
        return subprocess.CompletedProcess(arguments, code, out, err)

    def close(self) -> None:
        if self._process:
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _SERVE],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
