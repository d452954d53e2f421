"""A line between the desk and a server that a test can cut, hold or let through."""

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Line:
    """Passes on what comes to its port. `cut()` refuses and hangs up, `hold()` takes calls in silence."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open = threading.Event()
        self._open.set()
        self._held: list[socket.socket] = []
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._mode = "through"
        self._turning = threading.Lock()  # a call that is being put through is hung up too
        threading.Thread(target=self._take_calls, daemon=True).start()

    @classmethod
    def to(cls, url: str) -> "Line":
        parts = urlsplit(url)
        return cls(parts.hostname, parts.port)

    def instead_of(self, url: str) -> str:
        """The same address, by this line."""
        parts = urlsplit(url)
        return url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{self.port}", 1)

    def through(self) -> None:
        self._mode = "through"

    def cut(self) -> None:
        self._turn("cut")

    def hold(self) -> None:
        self._turn("hold")

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _turn(self, mode: str) -> None:
        with self._turning:
            self._mode = mode
            for pair in self._pairs:
                for end in pair:
                    _shut(end)
            self._pairs.clear()

    def _take_calls(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with self._turning:
                self._take(caller)

    def _take(self, caller: socket.socket) -> None:
        if self._mode == "cut":
            _shut(caller)
        elif self._mode == "hold":
            self._held.append(caller)
        else:
            self._connect(caller)

    def _connect(self, caller: socket.socket) -> None:
        server = socket.create_connection(self._target)
        self._pairs.append((caller, server))
        for source, drain in ((caller, server), (server, caller)):
            threading.Thread(target=_pump, args=(source, drain), daemon=True).start()


def _pump(source: socket.socket, drain: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            drain.sendall(data)
    except OSError:
        pass
    finally:
        _shut(source)
        _shut(drain)


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
