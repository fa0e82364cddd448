"""A headless Chromium, spoken to through pipes in its DevTools protocol; nothing but the standard library is needed."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from select import select
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0


def find() -> str | None:
    """The path of a Chromium, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """A browser with one page; `requests` and `messages` are all that page asked for and all it said on its console."""

    def __init__(self, program: str) -> None:
        self.requests: list[str] = []
        self.messages: list[str] = []
        self._profile = tempfile.TemporaryDirectory()
        # It reads at 3 and writes at 4; ends of ours must not lie there.
        high = lambda end: fcntl.fcntl(end, fcntl.F_DUPFD, 10)  # noqa: E731
        commands, answers = os.pipe(), os.pipe()
        its_input, self._commands, self._answers, its_output = map(high, (*commands, *answers))
        for end in (*commands, *answers):
            os.close(end)

        def place() -> None:
            os.dup2(its_input, 3)
            os.dup2(its_output, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"]
        flags += ["--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            [program, *flags, "--remote-debugging-pipe", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(its_input)
        os.close(its_output)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self._loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def _message(self) -> dict[str, Any]:
        """The next message; events are booked."""
        while b"\0" not in self._buffer:
            if not select([self._answers], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._answers, 1 << 16)
            if not part:
                raise EOFError("the browser is gone")
            self._buffer += part
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        event, of = message.get("method"), message.get("params", {})
        if event == "Network.requestWillBeSent":
            self.requests.append(of["request"]["url"])
        elif event == "Runtime.consoleAPICalled":
            self.messages.append(str([value.get("value") for value in of["args"]]))
        elif event == "Runtime.exceptionThrown":
            self.messages.append(str(of["exceptionDetails"]))
        elif event == "Log.entryAdded":
            self.messages.append(of["entry"]["text"])
        elif event == "Page.loadEventFired":
            self._loaded = True
        return message

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Calls a method of the protocol and waits for what it returns."""
        self._last += 1
        command: dict[str, object] = {"id": self._last, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result

    def open(self, page: Path, width: int, *, dark: bool) -> None:
        """Loads a page on a screen of this width; a narrow one has touch."""
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded = False
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not self._loaded:
            self._message()

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def hover(self, x: float, y: float) -> None:
        """Moves the mouse."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def tap(self, x: float, y: float) -> None:
        """Touches and lifts the finger."""
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def until(self, is_so: Callable[[], bool]) -> bool:
        """Whether something becomes so within some turns of the page."""
        return any(is_so() or not self.value("new Promise(requestAnimationFrame) && true") for _ in range(50))
