"""Sockets passed through a socket pair."""

import socket

from gateway.runtime.link.handover import hand_over, handover_pair, take_over


def test_sockets_arrive_with_their_tickets_and_stay_open_here() -> None:
    ours, theirs = handover_pair()
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    hand_over(ours, dict(enumerate(listening, start=10)))
    taken = take_over(theirs)
    assert list(taken) == [10, 11, 12]
    for original, copy in zip(listening, taken.values(), strict=True):
        assert copy.getsockname() == original.getsockname()
        assert not copy.get_inheritable()
    for sock in (ours, theirs, *listening, *taken.values()):
        sock.close()


def test_more_sockets_than_a_packet_holds_arrive_all() -> None:
    ours, theirs = handover_pair()
    sent = socket.socket()
    hand_over(ours, dict.fromkeys(range(450), sent))
    taken = take_over(theirs)
    assert len(taken) == 450
    for sock in (ours, theirs, sent, *taken.values()):
        sock.close()


def test_nothing_to_take_is_no_error_and_does_not_wait() -> None:
    ours, theirs = handover_pair()
    assert take_over(theirs) == {}
    ours.close()
    assert take_over(theirs) == {}
    theirs.close()
