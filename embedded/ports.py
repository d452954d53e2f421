"""Which port a server gets."""

import random
import socket
from collections.abc import Container, Iterator

HOST = "127.0.0.1"
OTHERS = range(20_000, 32_000)  # below the range the kernel takes for outgoing connections


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a port whose last connections linger counts as free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_open(port: int, *, timeout: float = 0.5) -> bool:
    """Whether somebody answers there."""
    try:
        socket.create_connection((HOST, port), timeout).close()
    except OSError:
        return False
    return True


def listen(*wanted: int) -> socket.socket:
    """Hold the first of the wanted ports that is free, else any free one, so that nobody else can take it."""
    while True:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, choose(*wanted)))
            listener.listen(128)
        except OSError:  # lost to another in the last moment
            listener.close()
        else:
            return listener


def choose(*wanted: int | None, besides: Container[int] = ()) -> int:
    """The first of the wanted ports that is free, else any free one."""
    candidates = _candidates(port for port in wanted if port)
    return next(port for port in candidates if port not in besides and is_free(port))


def _candidates(wanted: Iterator[int]) -> Iterator[int]:
    yield from wanted
    while True:
        yield random.choice(OTHERS)
