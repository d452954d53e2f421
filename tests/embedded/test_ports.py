import socket

from embedded import ports


def test_a_port_somebody_listens_on_is_not_free():
    with ports.listen() as listener:
        assert not ports.is_free(listener.getsockname()[1])


def test_the_first_wanted_port_that_is_free_is_taken():
    with ports.listen() as taken:
        free = ports.choose()

        assert ports.choose(taken.getsockname()[1], None, free) == free


def test_a_port_that_is_kept_for_another_server_is_not_taken():
    one = ports.choose()

    assert ports.choose(one, besides={one}) != one


def test_a_port_taken_by_a_server_on_all_addresses_is_not_free():
    with socket.socket() as everywhere:
        everywhere.bind(("0.0.0.0", 0))
        everywhere.listen()

        assert not ports.is_free(everywhere.getsockname()[1])


def test_listening_holds_the_port_on_loopback_only():
    wanted = ports.choose()

    with ports.listen(wanted) as listener, ports.listen(wanted) as other:
        assert listener.getsockname() == ("127.0.0.1", wanted)
        assert other.getsockname()[1] != wanted
