"""Headless Chromium, driven by chromedriver's HTTP interface: WebDriver and nothing else.

What a test asks for: open a file, press keys, click, read text; what the page logged, and what
it asked of the network.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")

_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,900",
]

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which WebDriver names an element (W3C WebDriver, section 12.1)."""

_OPENER = build_opener(ProxyHandler({}))

KEYS = {
    "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011",
    "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Tab": "\ue004", "Space": " ",
}  # fmt: skip


class Browser:
    """One window."""

    def __init__(self, session: str) -> None:
        self.session = session

    def open(self, path: Path) -> None:
        self._post("url", url=path.as_uri())
        self.devtools("Emulation.setFocusEmulationEnabled", enabled=True)  # no window is in front

    def reload(self) -> None:
        self._post("refresh")

    def run(self, script: str, *args: Any) -> Any:
        """What a function body returns in the page."""
        return self._post("execute/sync", script=script, args=list(args))

    def text(self, css: str) -> str:
        """The text of an element as a reader sees it."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", css))

    def click(self, css: str) -> None:
        element = self._post("element", using="css selector", value=css)[_ELEMENT]
        # At the edge of a list that scrolls, its neighbour may lie under the pointer.
        self.run(f"document.querySelector({css!r}).scrollIntoView({{block: 'center'}})")
        self._post(f"element/{element}/click")

    def press(self, *keys: str) -> None:
        """Keys, one after the other, on what has the focus."""
        strokes = [KEYS.get(key, key) for key in keys]
        pressed = [{"type": t, "value": key} for key in strokes for t in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keys", "actions": pressed}])

    def point_at(self, css: str) -> None:
        """Move the mouse onto an element."""
        element = self._post("element", using="css selector", value=css)
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element}
        self._post("actions", actions=[{"type": "pointer", "id": "mouse", "actions": [move]}])

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self._post("goog/cdp/execute", cmd=command, params=parameters)

    def complaints(self) -> list[str]:
        """What the page wrote to the console."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def requests(self) -> list[str]:
        """The addresses that files asked for since the last call, their own included."""
        messages = [
            json.loads(entry["message"])["message"]
            for entry in self._post("se/log", type="performance")
        ]
        sent = (m["params"] for m in messages if m["method"] == "Network.requestWillBeSent")
        ours = (event for event in sent if event["documentURL"].startswith("file:"))
        return [event["request"]["url"] for event in ours]

    def _post(self, path: str, **body: Any) -> Any:
        return _posted(f"{self.session}/{path}", body)


def _posted(url: str, body: dict[str, Any]) -> Any:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with _OPENER.open(request, timeout=120) as answer:
            return json.load(answer)["value"]
    except HTTPError as error:
        with error:
            raise AssertionError(json.load(error)["value"]["message"]) from None


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a new profile in `folder`, closed at the end."""
    assert CHROMEDRIVER is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [CHROMEDRIVER, f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    try:
        session = _started(f"http://127.0.0.1:{port}", folder)
        try:
            yield Browser(session)
        finally:
            with _OPENER.open(Request(session, method="DELETE"), timeout=30):
                pass
    finally:
        driver.terminate()
        driver.wait(timeout=30)


def _started(driver: str, folder: Path) -> str:
    options = {
        "binary": CHROMIUM,
        "args": [*_FLAGS, f"--user-data-dir={folder / 'profile'}"],
    }
    wanted = {
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }
    for _ in range(100):
        try:
            session = _posted(f"{driver}/session", {"capabilities": {"alwaysMatch": wanted}})
            return f"{driver}/session/{session['sessionId']}"
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError("chromedriver did not start")
