"""What a command spends, as JSON: `python spent.py time|memory OUTPUT COMMAND ...`.

A process of its own, and a small one, since a child's peak begins with the memory of its parent.
Standard output goes to the file OUTPUT. With `memory` the processes that the command starts are
looked at every 20 ms, all together; what they share counts once. That takes some time itself, so a
run is for the one or for the other.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

EVERY = 0.02


def main() -> None:
    what, output, *command = sys.argv[1:]
    with open(output, "wb") as out, tempfile.TemporaryFile() as words:  # noqa: PTH123 - slow import
        start = time.perf_counter()
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(
            command, stdin=nothing, stdout=out, stderr=words, start_new_session=True
        )
        sampler = Sampler(process.pid)
        if what == "memory":
            sampler.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        sampler.ended.set()
        words.seek(0)
        said = words.read().decode(errors="replace").strip()
    largest = used.ru_maxrss // 1024 if sys.platform == "darwin" else used.ru_maxrss
    process.returncode = os.waitstatus_to_exitcode(status)
    found = {
        "seconds": seconds,
        "kibibytes": max(largest, sampler.peak),
        "code": process.returncode,
        "said": said[-1000:],
    }
    print(json.dumps(found))


class Sampler(threading.Thread):
    """Looks at the memory of a session of processes from time to time."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.ended = threading.Event()
        self.peak = 0
        """KiB."""

    def run(self) -> None:
        while not self.ended.wait(EVERY):
            self.peak = max(self.peak, self.now())

    def now(self) -> int:
        total = 0
        for folder in glob.glob("/proc/[0-9]*"):  # noqa: PTH207
            try:
                with open(f"{folder}/stat") as file:  # noqa: PTH123
                    fields = file.read().rpartition(")")[2].split()
                if int(fields[3]) == self.session:
                    with open(f"{folder}/smaps_rollup") as file:  # noqa: PTH123
                        total += sum(int(s.split()[1]) for s in file if s.startswith("Pss:"))
            except (OSError, ValueError):  # it has ended
                continue
        return total


if __name__ == "__main__":
    main()
