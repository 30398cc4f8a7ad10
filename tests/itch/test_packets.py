"""Packets to a stream: what packets hold, however captured, once and in order."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itch.streams import captured, framed, mutate, packed, random_day
from oracles.itch import ALL_WELL, SESSION_END, frames, pcap_messages

from nanobook.errors import FileFormatError
from nanobook.itch import sessions as sessions_module
from nanobook.itch.packets import recognise, unwrap

pytestmark = pytest.mark.core

RAW = Path(__file__).parents[3] / "shared" / "data" / "raw_itch"

#: Messages of several lengths, each like no other.
MESSAGES = [bytes([65 + number]) * (1 + 7 * number % 40) for number in range(24)]

ETHERNET, NULL, RAW_IP, LOOP, COOKED, COOKED_2 = 1, 0, 101, 108, 113, 276


# ---- making packets ------------------------------------------------------------------------------


def udp(payload, length=None):
    return struct.pack(">HHHH", 1, 2, 8 + len(payload) if length is None else length, 0) + payload


def ip_4(inside, protocol=17, options=b"", flags=0x4000, total=None):
    total = 20 + len(options) + len(inside) if total is None else total
    first = 0x45 + len(options) // 4
    head = struct.pack(">BBHHHBBH8x", first, 0, total, 1, flags, 16, protocol, 0)
    return head + options + inside


def ip_6(inside, kind=17, extensions=b"", length=None):
    length = len(extensions) + len(inside) if length is None else length
    return struct.pack(">IHBB32x", 6 << 28, length, kind, 64) + extensions + inside


def ethernet(inside, kind=0x0800, tags=b""):
    return b"\x01\x00\x5e\x36\x0c\x6f\xd4\xaf\xf7\xcb\x20\xd5" + tags + kind.to_bytes(2) + inside


def pcap(*packets, link=ETHERNET, order="<", magic=0xA1B23C4D):
    """Return a classic capture of packets, link layer and all."""
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)]
    for packet in packets:
        out.append(struct.pack(order + "IIII", 1_692_710_000, 5, len(packet), len(packet)) + packet)
    return b"".join(out)


def block(kind, body, order="<"):
    """Return a block of a pcapng file."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def section(*blocks, order="<"):
    head = struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)
    return block(0x0A0D0D0A, head, order) + b"".join(blocks)


def interface(link=ETHERNET, snap=0, order="<"):
    return block(1, struct.pack(order + "HHI", link, 0, snap), order)


def enhanced(packet, number=0, order="<"):
    head = struct.pack(order + "IIIII", number, 1, 2, len(packet), len(packet))
    return block(6, head + packet, order)


def unwrapped(data, framing="pcap", size=None):
    """Return the messages in a file, and the packets they came in."""
    size = size or max(len(data), 1)
    packets = unwrap((data[at : at + size] for at in range(0, len(data), size)), framing)
    given_ = list(packets)
    assert all(given_)  # an empty one would be taken for the end
    stream = b"".join(given_)
    found, status, end = frames(stream)
    packets.ended = status == SESSION_END
    assert end == len(stream) - 2 if packets.ended else status == ALL_WELL
    return [message for _, message in found], packets


def figures(packets):
    names = ("packets", "others", "malformed", "missing", "repeated", "cut", "ended")
    return {name: getattr(packets, name) for name in names if getattr(packets, name, 0)}


# ---- what is recognised --------------------------------------------------------------------------


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_classic_captures_are_recognised(order, magic):
    data = pcap(ethernet(ip_4(udp(packed(*MESSAGES)))), order=order, magic=magic)
    assert recognise(data[:4]) == "pcap"
    found, packets = unwrapped(data)
    assert found == MESSAGES
    assert figures(packets) == {"packets": 1}


@pytest.mark.parametrize(
    "first", [b"", b"\0", b"\x00\x0cS\0", b"\x1f\x8b\x08\0", b"0000", b"\xa1\xb2"]
)
def test_what_else_begins_a_file_is_a_stream(first):
    assert recognise(first) == "itch"


@pytest.mark.parametrize("framing", ["pcap", "moldudp64"])
@pytest.mark.parametrize(
    "data", [framed(*MESSAGES), b"\x1f\x8b\x08" + bytes(40), bytes(40), b"\xff" * 40]
)
def test_a_file_of_another_kind_is_refused(framing, data):
    with pytest.raises(FileFormatError, match=r"^the file isn't .* (begins with|got) b'"):
        unwrap([data], framing)


def test_a_capture_of_a_link_we_do_not_know_is_refused():
    with pytest.raises(FileFormatError, match=r"link type must be one of 0, 1, .*, got 105$"):
        unwrap([pcap(link=105)], "pcap")


def test_no_bytes_hold_no_packets():
    assert unwrapped(b"", "moldudp64")[0] == []
    with pytest.raises(FileFormatError, match="begins with b''"):
        unwrap([], "pcap")


# ---- layers --------------------------------------------------------------------------------------

HOP_BY_HOP = struct.pack(">BB6x", 17, 0)
ROUTING = struct.pack(">BB14x", 51, 1)
AUTHENTICATION = struct.pack(">BB18x", 17, 3)
WHOLE_FRAGMENT = struct.pack(">BBHI", 17, 0, 0, 7)
VLAN = b"\x81\x00\x00\x8d"
PROVIDER = b"\x88\xa8\x00\x01"


def cooked(kind, tags=b""):
    return struct.pack(">HHH8s", 0, 1, 6, b"") + (tags + kind.to_bytes(2))


def cooked_2(inside, kind=0x0800):
    return struct.pack(">HHIHBB8s", kind, 0, 1, 1, 0, 6, b"") + inside


@pytest.mark.parametrize(
    ("link", "dress"),
    [
        (ETHERNET, lambda data: ethernet(ip_4(data))),
        (ETHERNET, lambda data: ethernet(ip_4(data) + bytes(9))),  # padding
        (ETHERNET, lambda data: ethernet(ip_4(data), tags=VLAN)),
        (ETHERNET, lambda data: ethernet(ip_4(data), tags=PROVIDER + VLAN)),
        (ETHERNET, lambda data: ethernet(ip_4(data, options=bytes(4)))),
        (ETHERNET, lambda data: ethernet(ip_4(data, options=bytes(40)))),
        (ETHERNET, lambda data: ethernet(ip_4(data, total=0))),
        (ETHERNET, lambda data: ethernet(ip_6(data), 0x86DD)),
        (ETHERNET, lambda data: ethernet(ip_6(data, length=0), 0x86DD)),
        (ETHERNET, lambda data: ethernet(ip_6(data), 0x86DD, tags=VLAN)),
        (RAW_IP, lambda data: ip_4(data)),
        (RAW_IP, lambda data: ip_6(data)),
        (RAW_IP, lambda data: ip_6(data, 0, HOP_BY_HOP)),
        (RAW_IP, lambda data: ip_6(data, 43, ROUTING + AUTHENTICATION)),
        (RAW_IP, lambda data: ip_6(data, 44, WHOLE_FRAGMENT)),
        (12, ip_4),
        (14, ip_4),
        (228, ip_4),
        (229, ip_6),
        (NULL, lambda data: b"\x02\0\0\0" + ip_4(data)),
        (NULL, lambda data: b"\0\0\0\x1e" + ip_6(data)),
        (LOOP, lambda data: b"\0\0\0\x02" + ip_4(data)),
        (COOKED, lambda data: cooked(0x0800) + ip_4(data)),
        (COOKED, lambda data: cooked(0x86DD) + ip_6(data)),
        (COOKED, lambda data: cooked(0x0800, VLAN) + ip_4(data)),
        (COOKED_2, lambda data: cooked_2(ip_4(data))),
        (COOKED_2, lambda data: cooked_2(ip_6(data), 0x86DD)),
        (COOKED_2, lambda data: cooked_2(b"\0\x8d\x08\0" + ip_4(data), 0x8100)),
    ],
)
def test_a_datagram_is_found_behind_its_headers(link, dress):
    data = pcap(dress(udp(packed(*MESSAGES))), link=link)
    found, packets = unwrapped(data)
    assert found == MESSAGES
    assert figures(packets) == {"packets": 1}


PACKET = udp(packed(*MESSAGES))


@pytest.mark.parametrize(
    "packet",
    [
        ethernet(ip_4(PACKET, protocol=6)),
        ethernet(ip_4(PACKET), kind=0x0806),
        ethernet(ip_4(PACKET), kind=0x86DC),
        ethernet(ip_4(PACKET, flags=0x2000)),  # the first fragment
        ethernet(ip_4(PACKET, flags=0x0001)),  # a later one
        ethernet(b"\x44" + ip_4(PACKET)[1:]),  # a header of 16 bytes
        ethernet(b"\x55" + ip_4(PACKET)[1:]),  # IP version 5
        ethernet(ip_4(PACKET, total=27)),
        ethernet(ip_4(udp(packed(*MESSAGES), length=7))),
        ethernet(ip_6(PACKET, 6), kind=0x86DD),
        ethernet(ip_6(PACKET, 59), kind=0x86DD),
        ethernet(ip_6(PACKET, 44, struct.pack(">BBHI", 17, 0, 1, 7)), kind=0x86DD),
        ethernet(ip_6(PACKET, 44, struct.pack(">BBHI", 17, 0, 8, 7)), kind=0x86DD),
        ethernet(ip_6(PACKET, 0, struct.pack(">BB6x", 17, 255)), kind=0x86DD),
        ethernet(VLAN * 20),
        ethernet(b""),
        b"",
        ethernet(ip_4(udp(b""))),
        ethernet(ip_4(udp(packed()[:19]))),
        ethernet(ip_4(udp(packed(session=b"\x12\x34\x01\0\0\x01\0\0\0\0")))),  # say, DNS
        ethernet(ip_4(udp(packed(session=b"SESSION\x7f10")))),
        ethernet(ip_4(udp(packed(count=5)))),  # asks for five messages
    ],
)
def test_other_packets_are_passed_over(packet):
    good = ethernet(ip_4(PACKET))
    found, packets = unwrapped(pcap(packet, good, packet))
    assert found == MESSAGES
    assert figures(packets) == {"packets": 1, "others": 2}


@pytest.mark.parametrize("order", "<>")
def test_pcapng_is_read(order):
    first, second, third, fourth = (
        udp(packed(*MESSAGES[at : at + 6], sequence=1 + at)) for at in (0, 6, 12, 18)
    )
    simple = ethernet(ip_4(second))
    old = ip_4(third)
    data = section(
        block(5, bytes(40), order),  # statistics: nothing to us
        interface(order=order),
        interface(RAW_IP, 0, order),
        interface(105, 0, order),
        enhanced(ethernet(ip_4(first)), 0, order),
        enhanced(ethernet(ip_4(first)), 2, order),  # a link we don't know
        enhanced(ethernet(ip_4(first)), 3, order),  # of no interface
        block(3, struct.pack(order + "I", len(simple)) + simple, order),
        block(0xBAD, b"some custom block", order),
        block(2, struct.pack(order + "HHIIII", 1, 0, 1, 2, len(old), len(old)) + old, order),
        order=order,
    )
    other = ">" if order == "<" else "<"
    data += section(
        interface(NULL, 0, other), enhanced(bytes(4) + ip_4(fourth), 0, other), order=other
    )
    assert recognise(data[:4]) == "pcap"
    found, packets = unwrapped(data)
    assert found == MESSAGES
    assert figures(packets) == {"packets": 4, "others": 2}


def test_a_simple_packet_ends_where_the_interface_cut_it():
    packet = ethernet(ip_4(PACKET))
    kept = len(packet) - len(MESSAGES[-1])
    body = struct.pack("<I", len(packet)) + packet[:kept] + bytes(3)
    found, packets = unwrapped(section(interface(snap=kept), block(3, body)))
    assert found == MESSAGES[:-1]
    assert figures(packets) == {"packets": 1, "malformed": 1}


@pytest.mark.parametrize(
    "data",
    [
        section()[:8] + bytes(20),  # no byte order
        section(interface()) + struct.pack("<II", 6, 8),
        section(interface()) + struct.pack("<II", 6, 2**32 - 4) + bytes(100),
        section(interface()) + struct.pack("<II", 99, 2**32 - 4) + bytes(100),
    ],
)
def test_a_pcapng_file_that_lies_about_lengths_ends_there(data):
    found, packets = unwrapped(data)
    assert found == []
    assert figures(packets) == {"cut": True}


# ---- sequences -----------------------------------------------------------------------------------


def part(first, last, session=b"000010059B", messages=MESSAGES):
    """Return a packet of the messages numbered `first` to `last`, from 1 on."""
    return packed(*messages[first - 1 : last], sequence=first, session=session)


def sent(*packets):
    found, given = unwrapped(b"".join(packets), "moldudp64")
    again, captured_ = unwrapped(captured(*packets))
    assert again == found
    assert figures(captured_) == figures(given)
    return found, figures(given)


def test_packets_follow_each_other():
    assert sent(part(1, 3), part(4, 4), part(5, 24)) == (MESSAGES, {"packets": 3})


def test_heartbeats_and_the_session_s_end_have_no_messages():
    beat, end = packed(sequence=4), packed(sequence=5, count=0xFFFF)
    found, counted = sent(packed(sequence=1), part(1, 3), beat, part(4, 4), end, end)
    assert found == MESSAGES[:4]
    assert counted == {"packets": 6, "ended": True}


def test_a_feed_may_be_joined_late():
    assert sent(part(7, 9), part(10, 24)) == (MESSAGES[6:], {"packets": 2})


def test_lines_a_and_b_give_each_message_once():
    lines = [part(at, at + 1) for at in range(1, 24, 2) for _ in "AB"]
    assert sent(*lines) == (MESSAGES, {"packets": 24, "repeated": 24})


def test_packets_that_overlap_give_each_message_once():
    packets = part(1, 10), part(5, 12), part(2, 3), part(12, 24)
    assert sent(*packets) == (MESSAGES, {"packets": 4, "repeated": 9})


def test_what_one_line_loses_the_other_brings_in_time():
    packets = part(1, 2), part(6, 9), part(3, 5), part(10, 10), part(6, 9), part(11, 24)
    assert sent(*packets) == (MESSAGES, {"packets": 6, "repeated": 4})


def test_gaps_are_counted():
    found, counted = sent(part(1, 2), part(5, 9), part(11, 12))
    assert found == [*MESSAGES[:2], *MESSAGES[4:9], *MESSAGES[10:12]]
    assert counted == {"packets": 3, "missing": 3}


def test_a_heartbeat_tells_of_messages_that_never_came():
    found, counted = sent(part(1, 2), packed(sequence=10), packed(sequence=12, count=0xFFFF))
    assert found == MESSAGES[:2]
    assert counted == {"packets": 3, "missing": 9, "ended": True}


def test_nothing_follows_a_session_s_end_but_what_it_lacked():
    end = packed(sequence=7, count=0xFFFF)
    found, counted = sent(part(1, 2), end, part(7, 8), part(3, 6), part(1, 2), part(9, 9), end)
    assert found == MESSAGES[:6]
    assert counted == {"packets": 5, "others": 2, "repeated": 2, "ended": True}


def test_the_stream_ends_with_all_sessions():
    end = packed(sequence=3, count=0xFFFF)
    found, counted = sent(part(1, 2), end, part(1, 2, b"OTHER     "), part(3, 3, b"OTHER     "))
    assert found == MESSAGES[:2] + MESSAGES[:3]
    assert counted == {"packets": 4}
    assert sent(end) == ([], {"packets": 1, "ended": True})


def test_an_end_that_holds_messages_or_comes_too_early_is_none():
    liar = packed(*MESSAGES[2:4], sequence=3, count=0xFFFF)
    found, packets = unwrapped(
        captured(part(1, 2), liar, packed(sequence=1, count=0xFFFF), part(3, 4))
    )
    assert found == MESSAGES[:4]
    assert figures(packets) == {"packets": 4, "malformed": 1}


def test_sessions_count_for_themselves():
    packets = part(1, 2), part(1, 3, b"OTHER     "), part(3, 4), part(4, 5, b"OTHER     ")
    found, counted = sent(*packets)
    assert found == MESSAGES[:2] + MESSAGES[:3] + MESSAGES[2:4] + MESSAGES[3:5]
    assert counted == {"packets": 4}


def test_no_packet_waits_for_ever(monkeypatch):
    monkeypatch.setattr(sessions_module, "_WAITING", 1_500)
    packets = [part(at, at) for at in range(1, 25) if at != 3]
    fed = []

    def blocks():
        for packet in packets:
            fed.append(packet)
            yield packet

    stream = unwrap(blocks(), "moldudp64")
    assert next(stream) == framed(*MESSAGES[:2])  # whose packets had to be looked at together
    assert next(stream).startswith(framed(MESSAGES[3]))
    assert len(fed) < 15
    assert stream.missing == 1
    b"".join(stream)
    late, stream = part(3, 3), unwrap([*packets, part(3, 3)], "moldudp64")
    assert late not in b"".join(stream)
    assert figures(stream) == {"packets": 24, "missing": 1, "repeated": 1}


def test_numbers_reach_the_end_of_eight_bytes():
    high = 2**64 - 2
    found, counted = sent(part(1, 1), packed(*MESSAGES[1:3], sequence=high), part(2, 2))
    assert found == [*MESSAGES[:2], *MESSAGES[1:3]]
    assert counted == {"packets": 3, "missing": high - 3}


def test_sessions_without_number_are_not_followed(monkeypatch):
    monkeypatch.setattr(sessions_module, "_SESSIONS", 3)
    packets = [part(1, 2, b"SESSION  %d" % number) for number in range(5)]
    found, counted = sent(*packets, part(3, 3, b"SESSION  1"))
    assert found == MESSAGES[:2] * 3 + MESSAGES[2:3]
    assert counted == {"packets": 4, "others": 2}


# ---- packets that lie ----------------------------------------------------------------------------


def test_a_message_without_bytes_is_left_out():
    packet = packed(*MESSAGES[:2], b"", *MESSAGES[3:5], sequence=1)
    found, counted = sent(packet, part(5, 7))
    assert found == [*MESSAGES[:2], *MESSAGES[3:7]]
    assert counted == {"packets": 2, "malformed": 1, "repeated": 1}


def test_packets_of_nothing_else_do_not_end_the_stream():
    nothing = packed(b"", b"", sequence=5)
    found, counted = sent(part(1, 2), nothing, part(9, 10), nothing)
    assert found == [*MESSAGES[:2], *MESSAGES[8:10]]
    assert counted == {"packets": 4, "malformed": 2, "missing": 4, "repeated": 2}


def test_a_count_that_is_too_high_gives_what_is_whole():
    packet = packed(*MESSAGES[:3], sequence=1, count=9)
    found, packets = unwrapped(captured(packet, part(4, 24)))
    assert found == MESSAGES
    assert figures(packets) == {"packets": 2, "malformed": 1}


def test_a_count_that_is_too_low_gives_what_it_counts():
    packet = packed(*MESSAGES[:3], sequence=1, count=2)
    found, packets = unwrapped(captured(packet, part(3, 24)))
    assert found == MESSAGES
    assert figures(packets) == {"packets": 2, "malformed": 1}
    bare = unwrapped(packet + part(3, 24), "moldudp64")  # nothing tells where the next one begins
    assert bare[0][:2] == MESSAGES[:2]
    assert bare[1].cut


def test_packets_longer_than_any_are_given_up():
    data = packed(MESSAGES[0], *[b""] * 40_000, MESSAGES[1])
    found, packets = unwrapped(data, "moldudp64", 1_000)
    assert found == MESSAGES[:1]
    assert figures(packets) == {"packets": 1, "malformed": 1, "cut": True}


def test_a_length_that_is_too_high_ends_its_packet():
    packet = bytearray(part(1, 3))
    packet[-len(MESSAGES[2]) - 1] += 1
    found, packets = unwrapped(captured(bytes(packet), part(3, 24)))
    assert found == MESSAGES
    assert figures(packets) == {"packets": 2, "malformed": 1}


def test_a_captured_length_beyond_all_packets_ends_the_capture():
    data = captured(part(1, 3)) + struct.pack("<IIII", 0, 0, 2**32 - 1, 60) + captured(part(4, 5))
    found, packets = unwrapped(data)
    assert found == MESSAGES[:3]
    assert figures(packets) == {"packets": 1, "cut": True}


@pytest.mark.parametrize("wrap", [lambda *packets: b"".join(packets), captured])
def test_a_file_cut_anywhere_gives_what_is_whole(wrap):
    packets = part(1, 3), part(4, 4), part(5, 9)
    data = wrap(*packets)
    framing = "pcap" if wrap is captured else "moldudp64"
    ends = {len(wrap(*packets[:number])) for number in range(4)}
    most = 0
    for size in range(24 if framing == "pcap" else 1, len(data) + 1):
        found, given_ = unwrapped(data[:size], framing)
        assert found == MESSAGES[: len(found)]
        assert len(found) >= most
        most = len(found)
        assert given_.cut == (size not in ends)
    assert most == 9


# ---- whatever comes ------------------------------------------------------------------------------

parts = st.builds(
    lambda first, count: (first, min(first + count - 1, len(MESSAGES))),
    st.integers(1, len(MESSAGES)),
    st.integers(1, 6),
)


@given(st.lists(st.tuples(parts, st.sampled_from([b"ONE       ", b"TWO       "])), max_size=20))
def test_each_message_that_came_is_given_once_and_in_order(drawn):
    messages = {name: [name[:3] + message for message in MESSAGES] for _, name in drawn}
    packets = [part(first, last, name, messages[name]) for (first, last), name in drawn]
    found, counted = sent(*packets)
    given_ = missing = came = 0
    for name in messages:
        ranges = [range(first, last + 1) for (first, last), of in drawn if of == name]
        came += sum(map(len, ranges))
        numbers = {number for numbers in ranges for number in numbers if number >= ranges[0][0]}
        mine = [message for message in found if message.startswith(name[:3])]
        assert mine == [messages[name][number - 1] for number in sorted(numbers)]
        given_ += len(mine)
        missing += max(numbers) + 1 - ranges[0][0] - len(numbers)
    assert counted.get("missing", 0) == missing
    assert counted.get("repeated", 0) == came - given_
    assert counted.get("packets", 0) == len(drawn)


def some_file(rng):
    """Return a small file of packets, some of them odd, and its framing."""
    packets = []
    for _ in range(rng.randrange(1, 8)):
        first = rng.randrange(1, len(MESSAGES))
        packets.append(part(first, first + rng.randrange(5)))
    packets += [packed(sequence=3), packed(sequence=9, count=0xFFFF)]
    framing = rng.choice(["moldudp64", "pcap", "pcap"])
    if framing == "moldudp64":
        return b"".join(packets), framing
    dress = [
        lambda data: ethernet(ip_4(data), tags=VLAN),
        lambda data: ethernet(ip_4(data, options=bytes(8))),
        lambda data: ethernet(ip_6(data, 43, ROUTING + AUTHENTICATION), 0x86DD),
        lambda data: ethernet(ip_4(data, protocol=6)),
    ]
    dressed = [rng.choice(dress)(udp(packet)) for packet in packets]
    if rng.random() < 0.5:
        return pcap(*dressed), framing
    return section(interface(), *map(enhanced, dressed)), framing


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_blocks_of_any_size_give_the_same(seed, size):
    data, framing = some_file(random.Random(seed))
    found, packets = unwrapped(data, framing)
    again, others = unwrapped(data, framing, size)
    assert again == found
    assert figures(others) == figures(packets)


@given(st.integers(0, 2**32))
def test_kernel_and_python_take_packets_alike(seed):
    rng = random.Random(seed)
    data, framing = some_file(rng)
    if rng.random() < 0.5:
        data = mutate(data, rng)
    try:
        found, packets = unwrapped(data, framing)
    except FileFormatError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions_module, "_HIGHEST", -1)  # so that no kernel goes on
        again, others = unwrapped(data, framing)
    assert again == found
    assert figures(others) == figures(packets)


@pytest.mark.parametrize("lines", [1, 2])
def test_a_day_comes_out_of_lines_that_lose_packets(lines):
    rng = random.Random(8)
    messages = [message for _, message in frames(random_day(3, 2_000))[0]]
    packets, at = [], 0
    while at < len(messages):
        count = rng.choice([1, 2, 9])
        packet = packed(*messages[at : at + count], sequence=7 + at)
        lost = rng.choice([None, None, *range(lines)]) if packets else None
        packets += [packet for line in range(lines) if line != lost]
        at += count
    for place in range(len(packets) - 4):  # some are overtaken
        if place and rng.random() < 0.1:
            packets.insert(place + rng.randrange(4), packets.pop(place))
    found, counted = sent(*packets)
    if lines == 2:
        assert found == messages
    assert len(found) + counted.get("missing", 0) == len(messages)


def test_damage_never_leads_astray():
    rng = random.Random(5)
    for _ in range(1_500):
        data, framing = some_file(rng)
        for _ in range(rng.randrange(1, 5)):
            data = mutate(data, rng)
        try:
            found, packets = unwrapped(data, framing, rng.choice([None, 1, 7, 64]))
        except FileFormatError:
            continue
        assert all(found)
        assert sum(map(len, found)) + 2 * len(found) <= len(data)
        assert all(value >= 0 for value in figures(packets).values())


@pytest.mark.parametrize("path", sorted(RAW.glob("*.pcap")), ids=lambda path: path.stem)
def test_real_captures_are_read(path):
    data = path.read_bytes()
    found, packets = unwrapped(data)
    assert found == pcap_messages(data)
    expected = {"packets": 2, "missing": 4_244_620} if "Multiple" in path.stem else {"packets": 1}
    assert figures(packets) == expected


def test_there_are_real_captures():
    if not RAW.is_dir():
        pytest.skip(f"{RAW} isn't there: real captures aren't part of the repository")
    assert len(list(RAW.glob("*.pcap"))) == 11
