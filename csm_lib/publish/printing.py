"""Print a page to PDF with the Chromium that is installed; nothing is downloaded and nothing is sent."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from csm_lib.errors import UnavailableError

__all__ = ["find_browser", "pages_of", "print_page"]

BROWSER_VARIABLE = "CSM_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
_PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    ),
}
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def find_browser() -> str:
    """Find Chromium or a browser built on it: the one that `CSM_BROWSER` names, else one of the usual names.

    Returns
    -------
    str

    Raises
    ------
    UnavailableError
        If there is none.
    """
    named = os.environ.get(BROWSER_VARIABLE)
    names = [named] if named else [*_NAMES, *_PLACES.get(sys.platform, ())]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        got = f"{named!r} of {BROWSER_VARIABLE}, which cannot be run" if named else "none"
        raise UnavailableError(
            f"a PDF must be printed by Chromium, got {got}. Install Chromium or Chrome, or name its program in "
            f"{BROWSER_VARIABLE}; the page itself prints from any browser."
        )
    return found


def print_page(page: Path, target: Path, *, browser: str, timeout_s: float = 120.0) -> int:
    """Print a page on paper of its own choice (A4) into a PDF, in one step.

    Parameters
    ----------
    page : Path
        The HTML page.
    target : Path
        The PDF; what stands there stays if the printing fails.
    browser : str
        From `find_browser`.
    timeout_s : float, seconds

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    UnavailableError
        If the browser prints nothing, or not in time.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="csm-pdf-") as folder:
        made = Path(folder) / "page.pdf"
        options = ["--headless", "--disable-gpu", "--disable-extensions", "--no-first-run", "--no-pdf-header-footer"]
        options += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium refuses its sandbox to root; the page is ours and loads nothing
        command = [browser, *options, f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", page.as_uri()]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=timeout_s, check=False)
            why = f"exit code {ended.returncode}"
        except subprocess.TimeoutExpired:
            why = f"none within {timeout_s:g} s"
        except OSError as error:
            why = f"an error: {error}"
        if not made.exists() or not (n_pages := pages_of(made)):
            raise UnavailableError(
                f"a PDF must be printed by {browser}, got {why}. Run it again, or print the page in a browser: {page}."
            )
        beside = target.with_name(f".{target.name}-{os.getpid()}")
        shutil.copyfile(made, beside)
        os.replace(beside, target)
    return n_pages


def pages_of(path: Path) -> int:
    """Count the pages of a PDF that Chromium printed.

    Parameters
    ----------
    path : Path

    Returns
    -------
    int
    """
    return len(_PAGE.findall(path.read_bytes()))
