"""Debian's Chromium, driven over its debugging pipe.

Belongs here: opening, looking, pressing keys, printing.
Does not belong here: what must be true of a page (the tests beside it).
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
]  # fmt: skip


class Browser:
    """Chromium over its debugging pipe: messages are JSON that ends with a zero byte."""

    def __init__(self, program: str, profile: Path) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()

        def connect() -> None:  # the browser reads from descriptor 3 and writes to 4
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (theirs_in, theirs_out)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}"], preexec_fn=connect, pass_fds=(3, 4),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.page(f"{domain}.enable")

    def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        os.write(self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def page(self, method: str, **params: Any) -> dict[str, Any]:
        return self.call(method, self._session, **params)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = os.read(self._in, 1 << 16)
            assert chunk, "the browser is gone"
            self._rest += chunk
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))

    def open(self, path: Path, width: int, *, dark: bool) -> None:
        """Load a page as it is seen at a width, in the light or the dark."""
        self.events.clear()
        self.look(width, dark=dark)
        self.page("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def look(self, width: int, *, dark: bool, **features: str) -> None:
        """Another width or colour scheme for the page that is open; `features` by name, e.g. forced_colors."""
        wanted = {"prefers-color-scheme": "dark" if dark else "light"}
        wanted |= {name.replace("_", "-"): value for name, value in features.items()}
        media = [{"name": name, "value": value} for name, value in wanted.items()]
        self.page("Emulation.setEmulatedMedia", media="", features=media)
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def print_media(self, width: int) -> None:
        self.page("Emulation.setEmulatedMedia", media="print")
        self.page("Emulation.setDeviceMetricsOverride", width=width, height=960, deviceScaleFactor=1, mobile=False)

    def value(self, expression: str) -> Any:
        """What an expression gives, a promise awaited; the page's policy against scripts is not asked."""
        told = self.page("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and let go of Tab, Enter or Space."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), "Space": (32, " ")}[key]
        told = {"key": text if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code}
        if shift:
            told["modifiers"] = 8
        self.page("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **told)
        self.page("Input.dispatchKeyEvent", type="keyUp", **told)

    def pdf(self) -> bytes:
        """The page on A4 paper, as somebody prints it without touching a setting."""
        printed = self.page("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=False,
                            preferCSSPageSize=True)  # fmt: skip
        return b64decode(printed["data"])

    def picture(self) -> bytes:
        """The whole page as a PNG file."""
        return b64decode(self.page("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._out)
        os.close(self._in)
