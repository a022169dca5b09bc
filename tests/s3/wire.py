"""HTTP/1.1 on a socket, for servers that must misbehave: requests are read by hand, and answers can be cut, stalled, slowed
and reset at any byte."""
import dataclasses
import select
import socket
import ssl
import struct
import threading
import time

MAX_HEAD = 256 << 10
MAX_BODY = 6 << 30


class Gone(Exception):
    """The client went away, or a fault ended the connection."""


@dataclasses.dataclass
class Head:
    method: str
    target: str
    headers: dict  # lower-case names; of repeated ones the values joined by commas

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    @property
    def length(self):
        text = self.headers.get("content-length", "0")
        return int(text) if text.isdigit() else 0


@dataclasses.dataclass
class Plan:
    """How an answer goes out."""
    reset_after: int | None = None  # bytes of the body
    close_after: int | None = None
    stall_after: int | None = None  # -1: before the head
    stall_seconds: float = 0
    rate: int = 0  # bytes a second; 0: as fast as it goes
    close: bool = False


class Connection:
    def __init__(self, sock, number):
        self.sock, self.number, self.buffer, self.requests = sock, number, bytearray(), 0
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self):
        try:
            return self.sock.recv(256 << 10)
        except (OSError, ValueError):
            raise Gone from None

    def read_head(self):
        """None at the end of the connection."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            if len(self.buffer) > MAX_HEAD:
                raise Gone
            more = self.receive()
            if not more:
                return None
            self.buffer += more
        text = bytes(self.buffer[:end]).decode("utf-8", "surrogateescape")
        del self.buffer[:end + 4]
        self.requests += 1
        return parsed_head(text)

    def read_body(self, head):
        length = head.length
        if length > MAX_BODY:
            raise Gone
        if head.headers.get("expect", "").lower() == "100-continue" and len(self.buffer) < length:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = bytearray(length)
        view = memoryview(body)
        have = min(length, len(self.buffer))
        view[:have] = self.buffer[:have]
        del self.buffer[:have]
        while have < length:
            try:
                got = self.sock.recv_into(view[have:])
            except (OSError, ValueError):
                raise Gone from None
            if not got:
                raise Gone
            have += got
        return view.toreadonly()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ValueError):
            raise Gone from None

    def answer(self, status, headers, body, method, plan):
        if plan.stall_after == -1:
            self.wait(plan.stall_seconds)
        length = [] if "content-length" in headers or status in (204, 304) else [f"Content-Length: {len(body)}"]
        lines = [f"HTTP/1.1 {status} {reason(status)}", *(f"{name}: {value}" for name, value in headers.items()
                                                          if value is not None), *length]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
        if method == "HEAD" or status in (204, 304):
            body = b""
        if len(body) <= 64 << 10 and plan == Plan(close=plan.close):
            self.send(head + bytes(body))
        else:
            self.send(head)
            self.send_body(memoryview(body), plan)
        if plan.close:
            self.close()
            raise Gone

    def send_body(self, body, plan):
        sent = 0
        for at, act in sorted(self.stops(plan), key=lambda stop: stop[0]):
            until = min(at, len(body))
            self.send_piece(body[sent:until], plan.rate)
            sent = until
            act()
        self.send_piece(body[sent:], plan.rate)

    def stops(self, plan):
        if plan.reset_after is not None:
            yield plan.reset_after, self.reset
        if plan.close_after is not None:
            yield plan.close_after, self.end
        if plan.stall_after is not None and plan.stall_after >= 0:
            yield plan.stall_after, lambda: self.wait(plan.stall_seconds)

    def send_piece(self, piece, rate):
        step = max(1, rate // 20) if rate else max(1, len(piece))
        for at in range(0, len(piece), step):
            self.send(piece[at:at + step])
            if rate:
                time.sleep(step / rate)

    def wait(self, seconds):
        """Shorter where the client goes away."""
        try:
            ready, _, _ = select.select([self.sock], [], [], seconds)
        except (OSError, ValueError):
            raise Gone from None
        if ready:
            more = self.receive()
            if not more:
                raise Gone
            self.buffer += more

    def reset(self):
        """RST: what was not read yet is lost for the client."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # it is gone already
        self.close()
        raise Gone

    def end(self):
        self.close()
        raise Gone

    def close(self):
        try:
            if isinstance(self.sock, ssl.SSLSocket) and self.sock.fileno() >= 0:
                self.sock.settimeout(0.2)
        except OSError:
            pass
        self.sock.close()


def parsed_head(text):
    first, *lines = text.split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Gone
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Head(words[0], words[1], headers)


def reason(status):
    return {200: "OK", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified",
            307: "Temporary Redirect", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
            412: "Precondition Failed", 416: "Requested Range Not Satisfiable", 429: "Too Many Requests",
            500: "Internal Server Error", 501: "Not Implemented", 503: "Slow Down"}.get(status, "Said So")


class Listener:
    """Accepts connections on loopback, one thread each; `serve(connection, head)` answers one request."""

    def __init__(self, port, serve, tls=None, address="127.0.0.1"):
        self.serve, self.tls, self.connections = serve, tls, 0
        self.sock = socket.create_server((address, port), backlog=256)
        self.port = self.sock.getsockname()[1]

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.converse, args=(sock, self.connections), daemon=True).start()

    def converse(self, sock, number):
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
        except (OSError, ValueError):
            sock.close()
            return
        connection = Connection(sock, number)
        try:
            while (head := connection.read_head()) is not None:
                self.serve(connection, head)
        except Gone:
            pass
        finally:
            connection.close()

    def stop(self):
        self.sock.close()
