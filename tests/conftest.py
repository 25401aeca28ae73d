"""What every test may ask for: real data where it lies, a browser where there is one, and a clear word where not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def _realdata() -> Path | None:
    named = os.environ.get("CSM_REALDATA")
    beside = PROJECT.parent / "shared" / "realdata"
    return Path(named) if named else beside if beside.is_dir() else None


def _browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def _postgres() -> Path | None:
    """Give the folder of the server's programs: on the path, or where Debian keeps them."""
    named = shutil.which("initdb")
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = [Path(named)] if named else beside[-1:]
    return found[0].parent if found else None


def _mysql() -> Path | None:
    """Give the folder of MariaDB's server: on the path, or where Debian keeps it."""
    named = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")
    return Path(named).parent if named and shutil.which("mariadb-install-db") else None


def _spark() -> bool:
    has_java = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))
    return has_java and importlib.util.find_spec("pyspark") is not None


_AVAILABLE = {
    "realdata": (_realdata, "real data: set CSM_REALDATA to its folder"),
    "browser": (_browser, "a browser: install the system's Chromium"),
    "postgres": (_postgres, "a PostgreSQL server: install the system's postgresql"),
    "mysql": (_mysql, "a server that speaks MySQL: install the system's mariadb-server"),
    "spark": (_spark, "Spark: install the extra `scale` and Java"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what the machine cannot run, with the reason; where CSM_REQUIRE names it, let it fail instead."""
    required = {name for name in os.environ.get("CSM_REQUIRE", "").split(",") if name}
    unknown = required - set(_AVAILABLE)
    if unknown:
        raise pytest.UsageError(f"CSM_REQUIRE must name {', '.join(_AVAILABLE)}, got {', '.join(sorted(unknown))}")
    for item in items:
        for marker in item.iter_markers("needs"):
            find, reason = _AVAILABLE[marker.args[0]]
            if not find() and marker.args[0] not in required:
                item.add_marker(pytest.mark.skip(reason=f"needs {reason}"))


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of the public data sets; fails where it is required and absent."""
    folder = _realdata()
    assert folder is not None, "real data is required here: set CSM_REALDATA to its folder"
    return folder


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Path of the system's Chromium; fails where it is required and absent."""
    found = _browser()
    assert found is not None, "a browser is required here: install the system's Chromium"
    return found


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Any]:
    """One Chromium for a module's tests; not longer, since its event loop would be in the way of other modules."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


class DatabaseServer(NamedTuple):
    """A server of our own: its URL without the password, and the password."""

    url: str
    password: str


# with signs that URLs spell in another way
_PASSWORD = "geheim-9f3%/@:x"


def _place_of_a_server(owner: str) -> tuple[Path, dict[str, str], int]:
    """Give a new folder, who runs a server there (servers refuse to run as root), and a port that is free."""
    folder = Path(tempfile.mkdtemp(prefix=owner))
    user = {"user": owner, "group": owner} if os.name == "posix" and os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, **user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return folder, user, free.getsockname()[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[DatabaseServer]:
    """Start a PostgreSQL server in a temporary folder, asking for a password; fails where required and absent."""
    programs = _postgres()
    assert programs is not None, "a PostgreSQL server is required here: install the system's postgresql"
    folder, user, port = _place_of_a_server("postgres")
    (folder / "password").write_text(_PASSWORD, encoding="utf-8")

    def call(program: str, *arguments: object) -> None:
        command = [str(programs / program), *map(str, arguments)]
        with (folder / f"{program}.log").open("w") as log:
            ended = subprocess.run(command, stdout=log, stderr=log, check=False, cwd=folder, **user)  # type: ignore
        assert ended.returncode == 0, (folder / f"{program}.log").read_text()

    try:
        call("initdb", "-D", folder / "db", "-U", "desk", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}")
        options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off -p {port}"
        call("pg_ctl", "-D", folder / "db", "-w", "-l", folder / "server.log", "-o", options, "start")
        yield DatabaseServer(f"postgresql://desk@127.0.0.1:{port}/postgres", _PASSWORD)
    finally:
        if (folder / "db" / "postmaster.pid").exists():
            call("pg_ctl", "-D", folder / "db", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mysql() -> Iterator[DatabaseServer]:
    """Start a MariaDB server in a temporary folder, asking for a password; fails where required and absent."""
    programs = _mysql()
    assert programs is not None, "a server that speaks MySQL is required here: install the system's mariadb-server"
    folder, user, port = _place_of_a_server("mysql")
    # one statement a line is what the server reads
    first = ("CREATE DATABASE desk CHARACTER SET utf8mb4", f"CREATE USER desk@'%' IDENTIFIED BY '{_PASSWORD}'")
    statements = "".join(f"{each};\n" for each in (*first, "GRANT ALL ON desk.* TO desk@'%'"))
    (folder / "first.sql").write_text(statements, encoding="utf-8")
    place = ["--no-defaults", f"--datadir={folder / 'db'}"]
    server = [str(programs / "mariadbd"), *place, f"--port={port}", "--bind-address=127.0.0.1"]
    server += [f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}", f"--init-file={folder / 'first.sql'}"]
    with (folder / "server.log").open("w") as log:
        options: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": folder, **user}
        install = ["mariadb-install-db", *place, "--auth-root-authentication-method=normal", "--skip-test-db"]
        assert subprocess.run(install, check=False, **options).returncode == 0, (folder / "server.log").read_text()
        running = subprocess.Popen(server, **options)
    try:
        for _ in range(300):
            if "ready for connections" in (folder / "server.log").read_text():
                break
            assert running.poll() is None, (folder / "server.log").read_text()
            time.sleep(0.2)
        yield DatabaseServer(f"mysql://desk@127.0.0.1:{port}/desk", _PASSWORD)
    finally:
        running.terminate()
        running.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
