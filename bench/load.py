"""The load, in a process of its own: python -m bench.load < ORDER

ORDER is JSON: where to, which requests, how many connections, how many seconds.
The answer is JSON too. It speaks HTTP over plain sockets, because a client that
is slower than the server measures itself.
"""

import itertools
import json
import socket
import sys
import threading
import time
from collections import Counter

END = b"\r\n\r\n"


class Connection:
    """A connection that is kept, and made anew where the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self.address = (host, port)
        self.line: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and head of the answer; its body is read and forgotten."""
        for attempt in (1, 2):
            try:
                if self.line is None:
                    self.line = socket.create_connection(self.address, 30)
                    self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.line.sendall(request)
                return self._answer()
            except (ConnectionError, BrokenPipeError):
                self.line = None
                if attempt == 2:
                    raise
        raise AssertionError

    def _answer(self) -> tuple[int, bytes]:
        received = b""
        while END not in received:
            part = self.line.recv(65536)
            if not part:
                raise ConnectionError("closed")
            received += part
        head, _, body = received.partition(END)
        left = _length(head) - len(body)
        while left > 0:
            left -= len(self.line.recv(65536))
        if b"\r\nconnection: close" in head.lower():
            self.line.close()
            self.line = None
        return int(head[9:12]), head


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def run(order: dict) -> dict:
    """Send the requests in turn until the seconds are over or, with `once`, each has been sent."""
    requests = [text.encode() for text in order["requests"]]
    turn = iter(requests) if order.get("once") else itertools.cycle(requests)
    lock, until = threading.Lock(), time.perf_counter() + order["seconds"]
    statuses: Counter[int] = Counter()
    times: list[float] = []
    connections = [Connection(order["host"], order["port"]) for _ in range(order["connections"])]

    def work(connection: Connection) -> None:
        while time.perf_counter() < until:
            with lock:
                request = next(turn, None)
            if request is None:
                return
            sent = time.perf_counter()
            status, _ = connection.ask(request)
            took = time.perf_counter() - sent
            with lock:
                times.append(took)
                statuses[status] += 1

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=[connection]) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"seconds": time.perf_counter() - started, "times": times, "statuses": statuses}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
