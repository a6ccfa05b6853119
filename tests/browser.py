"""Headless Chromium, driven through a pair of pipes: no driver to install, no port to open."""

import base64
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

FLAGS = ["--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", "--no-sandbox"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str | None:
    """Where Chromium is, if it is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def axe_source() -> str:
    """The accessibility checker axe-core, from the locked package that bundles it."""
    folder = Path(importlib.util.find_spec("axe_core_python").origin).parent
    return (folder / "axe.min.js").read_text("utf-8")


class Browser:
    """One page in one browser; `requests` and `errors` collect what it asked for and complained of."""

    def __init__(self, folder: Path):
        down, up = os.pipe(), os.pipe()
        redirect = f'exec "$0" "$@" 3<&{down[0]} 4>&{up[1]}'
        command = ["bash", "-c", redirect, program(), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, pass_fds=(down[0], up[1]), **options)
        os.close(down[0])
        os.close(up[1])
        self.out, self.back = os.fdopen(down[1], "wb"), os.fdopen(up[0], "rb")
        self.rest, self.number, self.session = b"", 0, None
        self.loaded, self.requests, self.errors = set(), [], []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        attach = {"targetId": page, "flatten": True}
        self.session = self.call("Target.attachToTarget", **attach)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **params):
        """Send one command and wait for its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        message |= {"sessionId": self.session} if self.session else {}
        self.out.write(json.dumps(message).encode() + b"\0")
        self.out.flush()
        while (answer := self._read()).get("id") != self.number:
            self._note(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _read(self) -> dict:
        """The next message of the browser."""
        while b"\0" not in self.rest:
            more = os.read(self.back.fileno(), 1 << 20)
            assert more, "the browser has gone"
            self.rest += more
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict) -> None:
        """Remember an event: a load, a request, an error."""
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.lifecycleEvent" and params["name"] == "load":
            self.loaded.add(params["loaderId"])
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description"))
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def open(self, path: Path, rest: str = "") -> None:
        """Go to a file, with a query or an anchor, and wait until it has loaded."""
        for url in ("about:blank", path.resolve().as_uri() + rest):
            loader = self.call("Page.navigate", url=url)["loaderId"]
            while loader not in self.loaded:
                self._note(self._read())

    def size(self, width: int, height: int = 900) -> None:
        """Make the window so wide; below 600 it is a phone."""
        mobile = width < 600
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.call("Emulation.setDeviceMetricsOverride", **shape)

    def scheme(self, name: str) -> None:
        """Prefer light or dark colours."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def medium(self, name: str) -> None:
        """Lay the page out for "print" or for the screen ("")."""
        self.call("Emulation.setEmulatedMedia", media=name)

    def value(self, expression: str):
        """What an expression gives, once it is there if it is a promise."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        done = self.call("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key where the focus is."""
        text = {"Enter": "\r"}.get(key, "")
        shape = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **shape)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shape)

    def picture(self, path: Path, **clip) -> None:
        """A screenshot of the window, or of a piece of the page: x, y, width, height."""
        asked = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True} if clip else {}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", **asked)["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def close(self) -> None:
        """End the browser."""
        self.process.terminate()
        self.process.wait()
        self.out.close()
        self.back.close()
