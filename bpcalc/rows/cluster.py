"""A crew of Dask's workers: those of a cluster that runs, or processes started for the occasion.

Dask gives what a worker was doing, or had done and not yet handed over, to others when the worker
dies. Its library says what happens by lines of a log; here errors say it.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bpcalc.errors import CalculationError, RequestError, printable
from bpcalc.rows.distributing import Promise

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"

_PATIENCE = 5
"""Seconds for a scheduler to answer, and for a first worker to be there."""

_ADDRESS = re.compile(r"(?:tcp://|tls://)?([^/\s]+):([0-9]{1,5})")

_QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical", "POLARS_MAX_THREADS": "1"}
"""The environment of local workers: each has one core."""

_SAME = ("bpcalc", "distributed", "python")
"""What has to have the same version here and there: numbers are to come out the same to the bit."""


def refuse_missing() -> None:
    """Say it before anything is read where Dask is not installed.

    Raises:
        RequestError: it is not.
    """
    if find_spec("distributed") is None:
        raise RequestError(
            "--cluster needs Dask, which is not installed", hint='pip install "bpcalc[dask]"'
        )


@contextmanager
def crew_at(address: str) -> Iterator[DaskCrew]:
    """The workers of the scheduler at an address, or `local` ones, which end with the block.

    Raises:
        RequestError: nobody is there, or not the same software.
    """
    with _quiet():
        if address == LOCAL:
            with _local_client() as client:
                yield DaskCrew(client)
            return
        with _client_of(address) as client:
            _refuse_other_versions(client)
            yield DaskCrew(client)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's log and warnings: they would stand between ours."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


class DaskCrew:
    """The workers of a client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.workers = max(1, sum(client.nthreads().values()))

    def kept(self, what: Any) -> Promise:
        """Something that all calls are given: sent once, and again where a worker has died."""
        return self.begin(_itself, what)

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Promise:
        """Have a worker call a function."""
        return _Promise(self.client.submit(_called, function, *map(_plain, arguments), pure=False))


def _itself(what: Any) -> Any:
    return what


def _called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function; what stands in an envelope is not looked into by the library."""
    given = [a.content if isinstance(a, _Envelope) else a for a in arguments]
    collecting = gc.isenabled()
    gc.disable()  # rows are many small tuples, and none is in a cycle: half of the time
    try:
        return function(*given)
    finally:
        if collecting:
            gc.enable()


class _Envelope:
    """Something that is sent as it is."""

    def __init__(self, content: Any) -> None:
        self.content = content


class _Promise:
    """What a worker will have computed."""

    def __init__(self, future: Future) -> None:
        self.future = future

    def result(self) -> Any:
        """It, when it is there.

        Raises:
            CalculationError: workers died of it, or the scheduler is gone.
        """
        from distributed.scheduler import KilledWorker

        try:
            return self.future.result()
        except KilledWorker:
            raise CalculationError(
                "every worker that computed one part of the table has died",
                hint="they may lack memory; their logs say more",
            ) from None
        except (CancelledError, OSError):
            raise CalculationError(
                "the connection to the scheduler was lost", hint="start it again, and the command"
            ) from None


def _plain(argument: Any) -> Any:
    """An argument as the library takes it: a future for each promise."""
    if isinstance(argument, _Promise):
        return argument.future
    if isinstance(argument, list):
        return [_plain(each) for each in argument]
    return _Envelope(argument)


# Clusters


@contextmanager
def _local_client() -> Iterator[Client]:
    """A worker for each core, on this machine."""
    import dask
    from distributed import Client, LocalCluster

    before = dask.config.get("distributed.nanny.pre-spawn-environ")
    environment = {"distributed.nanny.pre-spawn-environ": {**before, **_QUIET}}
    cluster = None
    with tempfile.TemporaryDirectory(prefix="bpcalc-") as folder, dask.config.set(environment):
        try:
            with _ctrl_c_waits(), _deaf_to_ctrl_c():
                cluster = LocalCluster(
                    n_workers=_cores(),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    memory_limit=0,
                    local_directory=folder,
                    silence_logs=logging.CRITICAL,
                )
            client = Client(cluster, set_as_default=False)
            with _closing(client):
                yield client
        finally:
            if cluster is not None:  # Ctrl-C may come as soon as it is there
                with suppress(OSError), _ctrl_c_waits():
                    cluster.close()


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Until the block is done: what is half begun or half ended leaves processes behind."""
    came: list[Any] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, lambda *event: came.append(event))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        before(*came[0])


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started by threads from here never hear it: it is this process's matter.

    A terminal tells it to all of them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _client_of(address: str) -> Iterator[Client]:
    """A client of a scheduler that runs."""
    from distributed import Client

    try:
        _refuse_nobody(address)
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, ImportError) as why:
        raise RequestError(
            f"there is no scheduler at {printable(address, 80) or 'an empty address'}: "
            f"{_said(why)}",
            hint="dask scheduler starts one and prints its address, as in tcp://10.0.0.5:8786; "
            "--cluster local needs none",
        ) from None
    with _closing(client):
        yield client


def _refuse_nobody(address: str) -> None:
    """Find out whether somebody listens: a client that has tried in vain ends with a noise.

    Raises:
        OSError: nobody does.
        ValueError: that is no address.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError("an address is tcp://HOST:PORT or tls://HOST:PORT")
    host, port = found[1], int(found[2])
    socket.create_connection((host.strip("[]"), port), _PATIENCE).close()


@contextmanager
def _closing(client: Client) -> Iterator[None]:
    """Close the client behind the block; on a busy machine nobody may answer in time."""
    try:
        yield
    finally:
        with suppress(OSError), _ctrl_c_waits():
            client.close()


def _said(why: Exception) -> str:
    return printable(str(why).partition("\n")[0] or type(why).__name__, 200)


def _refuse_other_versions(client: Client) -> None:
    """Every worker computes as this process does.

    Raises:
        RequestError: there is no worker, or one has other software.
    """
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise RequestError(
            "the scheduler has no workers", hint="dask worker ADDRESS starts one"
        ) from None
    found = client.get_versions(packages=["bpcalc"])
    ours = found["client"]
    for worker, theirs in sorted(found["workers"].items()):
        for name in _SAME:
            _refuse_other_version(worker, name, _version(theirs, name), _version(ours, name))


def _version(machine: dict[str, Any], name: str) -> str | None:
    text = machine["packages"].get(name)
    return ".".join(text.split(".")[:2]) if text and name == "python" else text


def _refuse_other_version(worker: str, name: str, theirs: str | None, ours: str | None) -> None:
    if theirs is None:
        raise RequestError(
            f"the worker {worker} has no {name}",
            hint='pip install "bpcalc[dask]" there, and start it again',
        )
    if theirs != ours:
        raise RequestError(
            f"the worker {worker} has {name} {theirs}, and here is {ours}",
            hint="all machines need the same versions",
        )
