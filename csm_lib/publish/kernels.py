"""Give each notebook a kernel of its own, quickly, and leave none behind.

Importing what a notebook needs takes longer than most notebooks do. So one server process imports it once
(`csm_lib.publish.warm`) and every kernel is forked from that server, through a jupyter_client provisioner. Kernels talk
over sockets in a private, short temporary folder, which rules out the race for free ports. A kernel ends when its
runner is gone, even if the runner was killed without a chance to tidy up. Where fork does not exist (Windows), or on
request (`CSM_KERNELS=ordinary`), kernels are ordinary subprocesses, which watch their parent themselves.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from csm_lib.publish.warm import can_fork, end_with_parent, start_lock, start_server

__all__ = ["Kernels", "WarmProvisioner"]

_PROVISIONER = "csm-warm"
_FOLDER = "csm-k"
_LONGEST_SOCKET_PATH = 100  # the operating system refuses about 107


class Kernels:
    """The kernels of one run; leaving the block ends every one that is still alive.

    Parameters
    ----------
    warm : bool, optional
        Fork kernels from a warm server; by default wherever `can_fork` says so.

    Attributes
    ----------
    folder : Path
        Private folder of connection files, sockets and kernel logs.
    """

    def __init__(self, *, warm: bool | None = None) -> None:
        self.is_warm = can_fork() if warm is None else warm
        self._managers: list[AsyncKernelManager] = []

    def __enter__(self) -> Kernels:
        _remove_stale_folders()
        self.folder = _private_folder()
        if self.is_warm:
            self.is_warm = _use_server()
        return self

    def __exit__(self, *exc: object) -> None:
        for manager in self._managers:
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                with suppress(OSError):
                    process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def manager(self) -> AsyncKernelManager:
        """Make the manager of one kernel, not started yet, with a connection file of its own.

        Returns
        -------
        AsyncKernelManager
        """
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=_OneSpec(is_warm=self.is_warm),
            connection_file=str(folder / "c.json"),
            shutdown_wait_time=2.0,
        )
        if os.name != "nt":
            manager.transport, manager.ip = "ipc", str(folder / "s")
        self._managers.append(manager)
        return manager


class WarmProvisioner(LocalProvisioner):
    """Start a kernel by forking it from the warm server instead of launching a new interpreter."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel; `cmd` is read for its arguments only (`python -m ipykernel_launcher ARGUMENTS`)."""
        env, cwd = dict(kwargs.get("env") or os.environ), str(kwargs.get("cwd") or Path.cwd())
        context = multiprocessing.get_context("forkserver")
        with start_lock, _hidden_main():
            process = context.Process(target=_kernel_main, args=(cmd[3:], env, cwd), daemon=True)
            process.start()
        self.process: Any = _Forked(process)
        self.pid = self.pgid = process.pid  # the kernel leads its own group, so a signal reaches its children too
        self.cwd = Path(cwd)
        return self.connection_info


class _Forked:
    """The part of `subprocess.Popen` that `LocalProvisioner` uses, over a forked process."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def wait(self) -> int | None:
        self._process.join()
        return self.poll()

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _OneSpec(KernelSpecManager):
    """Know this interpreter as the only kernel; an installed `python3` kernel may belong to another one."""

    def __init__(self, *, is_warm: bool) -> None:
        super().__init__()
        self._is_warm = is_warm

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        metadata = {"kernel_provisioner": {"provisioner_name": _PROVISIONER}} if self._is_warm else {}
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata=metadata)


def _use_server() -> bool:
    """Make kernels come from the warm server; False where the system does not allow it."""
    KernelProvisionerFactory.instance().provisioners[_PROVISIONER] = EntryPoint(
        _PROVISIONER, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME
    )
    return start_server()


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Keep multiprocessing from running the caller's main script again in every kernel."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _kernel_main(arguments: list[str], env: dict[str, str], cwd: str) -> None:
    """Be a kernel: runs in the forked process until it is told to stop or its runner is gone."""
    os.setsid()
    end_with_parent()
    threading.Thread(target=_end_with_runner, daemon=True).start()
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # a cell may use processes
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    log = os.open(Path(arguments[1]).with_name("kernel.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = "module://matplotlib_inline.backend_inline"
    sys.argv = ["ipykernel_launcher", *arguments]
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(arguments)
    app.start()


def _end_with_runner() -> None:
    """Wait for the runner to vanish (its end of a pipe closes, so a reused process number cannot mislead)."""
    runner = multiprocessing.parent_process()
    if runner is not None:
        runner.join()
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _private_folder() -> Path:
    """Make a folder only we can read, with a path short enough for sockets, named after this process."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
    if os.name != "nt" and len(str(folder)) > _LONGEST_SOCKET_PATH - 20:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir="/tmp"))
    return folder


def _remove_stale_folders() -> None:
    """Remove the folders of runs that were killed; signal 0 only asks whether the process lives."""
    if os.name == "nt":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        try:
            if folder.stat().st_uid == os.getuid() and pid.isdecimal():
                os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
