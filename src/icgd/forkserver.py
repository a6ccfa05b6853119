"""A process that has imported JAX and Flax, and forks itself for each job of a smoke run.

A smoke run has over a hundred jobs of two seconds, and importing takes one of them. Jobs of a longer
scale stay processes of their own: Snakemake's benchmarks do not see a fork's memory and time.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

VARIABLE = "ICGD_FORK_SERVER"  # "interpreter's prefix:socket", for the jobs of that interpreter
LIBRARIES = ("jax", "flax.nnx")
STREAMS = (0, 1, 2)
STARTED = b"\n"  # a fork's first answer; the second is its exit code

_servers: list[subprocess.Popen] = []  # kept: a server ends when its standard input is closed


def start(source: Path) -> subprocess.Popen:
    """Start a server that ends with this process; jobs find it in their environment, and may ask at once."""
    address = Path(tempfile.mkdtemp(prefix="icgd-"), "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(64)
        server = subprocess.Popen(
            [sys.executable, "-m", "icgd.forkserver"],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env={**os.environ, "PYTHONPATH": str(source), VARIABLE: str(listener.fileno())},
        )
    _servers.append(server)
    os.environ[VARIABLE] = f"{sys.prefix}:{address}"
    return server


def hand_over(arguments: list[str]) -> int | None:
    """Exit code of ``python -m icgd <arguments>``, run by a fork of the server; None where there is none."""
    prefix, _, address = os.environ.get(VARIABLE, "").rpartition(":")
    if prefix != sys.prefix:
        return None
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.connect(address)
        socket.send_fds(connection, [b"\n"], STREAMS)
        job = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
        connection.sendall(json.dumps(job).encode() + b"\n")
        if connection.recv(1) == STARTED:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the fork too, which says so
            answer = connection.recv(1)
            if answer:
                return answer[0]
            print(f"icgd {arguments[0]}: the job was killed; run the same command again.", file=sys.stderr)
            return 128 + signal.SIGKILL
    return None


def serve(listener: socket.socket) -> None:
    """Fork for each job that asks, until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the jobs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a fork tells its job the exit code itself
    while True:
        ready = select.select([listener, STREAMS[0]], [], [])[0]
        if STREAMS[0] in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _work(connection)
        connection.close()


def _work(connection: socket.socket) -> None:
    """Become the job that asks on ``connection``: its streams, folder, environment and arguments."""
    from icgd.__main__ import main

    code = 1
    try:
        _, streams, _, _ = socket.recv_fds(connection, 1, len(STREAMS))
        job = json.loads(connection.makefile().readline())
        connection.sendall(STARTED)
        for stream, given in zip(STREAMS, streams, strict=True):
            os.dup2(given, stream)
        os.chdir(job["folder"])
        os.environ.clear()
        os.environ.update(job["environment"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
        sys.argv[1:] = job["arguments"]
        code = main()
    except SystemExit as stopped:  # argparse refuses its arguments so
        code = stopped.code if isinstance(stopped.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):  # whatever happens, a fork does not go on as a server
            sys.stdout.flush()
            sys.stderr.flush()
            connection.sendall(bytes([code]))
        os._exit(code)


def _end_with(connection: socket.socket) -> None:
    """End this fork when the process that asked for it is gone."""
    if not connection.recv(1):
        os.kill(os.getpid(), signal.SIGTERM)


def _run() -> None:
    from icgd.__main__ import prepare_jax

    listener = socket.socket(fileno=int(os.environ[VARIABLE]))
    address = Path(listener.getsockname())
    try:
        prepare_jax()
        for library in LIBRARIES:
            importlib.import_module(library)
        serve(listener)
    finally:
        address.unlink()
        address.parent.rmdir()


if __name__ == "__main__":
    _run()
