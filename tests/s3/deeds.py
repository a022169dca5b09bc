"""What the fault server does when a fault has its turn: instead of what was asked, or to the answer. The faults, and what
their fields mean, stand in faults.py."""
import email.utils
import time

from s3_store import Answer, made_object
from sign_v4 import Refused

PIECE = b"<!-- this never ends -->" * 2048
ENDLESS = 256 << 20


def flipped(body, at):
    copy = bytearray(body)
    copy[at % len(copy)] ^= 0x41
    return memoryview(copy).toreadonly()


# What faults do instead of performing: (exchange, fault) → Answer, or Gone.

def plain_status(exchange, fault):
    status = int(fault["do"])
    headers = {name.lower(): value for name, value in fault.get("headers", {}).items()}
    if "retry_after" in fault:
        headers["retry-after"] = str(fault["retry_after"])
    if "body" in fault:
        return Answer(status, {"content-type": "text/html"} | headers, fault["body"].encode())
    codes = {400: "RequestTimeout", 403: "AccessDenied", 429: "TooManyRequests", 500: "InternalError", 503: "SlowDown"}
    code = fault.get("code", codes.get(status, "Unknown"))
    answer = exchange.refusal(Refused(status, code, fault.get("message", f"This is {code}, as was ordered.")))
    answer.headers |= headers
    return answer


def silence(exchange, fault):
    exchange.connection.wait(fault.get("seconds", 60))
    exchange.connection.end()


def error_in_200(exchange, fault):
    refused = Refused(200, fault.get("code", "InternalError"), "We encountered an internal error. Please try again.")
    return exchange.refusal(refused)


def expired(exchange, fault):
    if fault.get("kill_key") and exchange.key_used:
        exchange.key_used.expires = 0
    return exchange.refusal(Refused(400, "ExpiredToken", "The provided token has expired."))


def skewed(exchange, fault):
    answer = exchange.refusal(Refused(403, "RequestTimeTooSkewed",
                                      "The difference between the request time and the current time is too large."))
    answer.headers["date"] = email.utils.formatdate(exchange.server.now() + fault.get("seconds", 3600), usegmt=True)
    return answer


def permanent(exchange, fault):
    host = exchange.head.headers.get("host", "")
    return exchange.refusal(Refused(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using "
                                    "the specified endpoint.", {"Endpoint": host}, {"x-amz-bucket-region": fault["region"]}))


def malformed(exchange, fault):
    return exchange.refusal(Refused(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region is "
                                    f"wrong; expecting '{fault['region']}'", {"Region": fault["region"]}))


def redirect(exchange, fault):
    return exchange.refusal(Refused(int(fault.get("status", 307)), "TemporaryRedirect", "Please re-send this request to the "
                                    "specified temporary endpoint.", {}, {"location": fault["location"]}))


def garbage(exchange, fault):
    exchange.connection.send(b"\x00\x16\x03\x01 this is no HTTP\r\n\r\n" * 8)
    exchange.connection.end()


def endless(exchange, fault):
    status = fault.get("status", 500)
    exchange.connection.send(f"HTTP/1.1 {status} Endless\r\nContent-Type: application/xml\r\n\r\n".encode())
    exchange.connection.send(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>')
    for _ in range(ENDLESS // len(PIECE)):
        exchange.connection.send(PIECE)
    exchange.connection.end()


def endless_head(exchange, fault):
    exchange.connection.send(b"HTTP/1.1 200 OK\r\n")
    for at in range(1 << 20):
        exchange.connection.send(f"X-Header-{at}: {'x' * 200}\r\n".encode())
    exchange.connection.end()


def endless_tail(exchange, fault):
    exchange.connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/xml\r\n\r\n5\r\n<a/>\n\r\n0\r\n")
    for at in range(1 << 20):
        exchange.connection.send(f"X-Trailer-{at}: {'x' * 200}\r\n".encode())
    exchange.connection.end()


def trickle(exchange, fault):
    """Ten lines of a head, or ten bytes of a body, a second, for a minute."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
    exchange.connection.send(head if fault.get("in") == "head" else head + b"\r\n<ListBucketResult>")
    for _ in range(600):
        exchange.connection.send(b"X-A: b\r\n" if fault.get("in") == "head" else b"x")
        time.sleep(0.1)
    exchange.connection.end()


INSTEAD = {"reset": lambda exchange, fault: exchange.connection.reset(), "silence": silence, "error200": error_in_200,
           "expired": expired, "skewed": skewed, "permanent": permanent, "malformed": malformed, "redirect": redirect,
           "garbage": garbage, "endless": endless, "endless_head": endless_head, "trickle": trickle,
           "endless_tail": endless_tail}


# What faults do to the answer: (exchange, fault, answer) → another Answer, or None.

def lose(exchange, fault, answer):
    exchange.entry["status"] = "lost"
    exchange.connection.reset()


def cut(exchange, fault, answer):
    exchange.plan.reset_after = within(fault.get("bytes", 0), answer)


def truncate(exchange, fault, answer):
    exchange.plan.close_after = within(fault.get("bytes", 0), answer)


def within(count, answer):
    """A body is cut before its end, always: else nothing would be amiss."""
    return min(count, max(0, len(answer.body) - 1))


def stall(exchange, fault, answer):
    exchange.plan.stall_after, exchange.plan.stall_seconds = fault.get("bytes", -1), fault.get("seconds", 60)


def slow(exchange, fault, answer):
    exchange.plan.rate = fault["rate"]


def flip(exchange, fault, answer):
    if len(answer.body):
        answer.body = flipped(answer.body, fault.get("at", len(answer.body) // 2))


def whole(exchange, fault, answer):
    found = exchange.server.store.object(exchange.call())
    answer.headers.pop("content-range", None)
    return Answer(200, answer.headers, found.body)


def other_range(exchange, fault, answer):
    if "content-range" not in answer.headers:
        return None
    found = exchange.server.store.object(exchange.call())
    first = int(answer.headers["content-range"].split()[1].partition("-")[0])
    length = len(answer.body)
    moved = max(0, min(first + fault.get("by", 1), len(found.body) - 1))
    body = found.body[moved:moved + length]
    if not fault.get("lie"):
        answer.headers["content-range"] = f"bytes {moved}-{moved + len(body) - 1}/{len(found.body)}"
    return Answer(206, answer.headers, body)


def change_headers(exchange, fault, answer):
    answer.headers |= {name.lower(): value for name, value in fault.get("set", {}).items()}
    removed = [name.lower() for name in fault.get("remove", [])]
    answer.headers |= {name: None for name in removed}
    exchange.plan.close = "content-length" in removed  # the end of the connection is then the body's


def swap(exchange, fault, answer):
    store = exchange.server.store
    with store.lock:
        objects = store.buckets[exchange.bucket].objects
        objects[exchange.key] = (objects[fault["with"]] if "with" in fault
                                 else made_object(memoryview(fault["text"].encode()), {}, "FULL_OBJECT"))


def close(exchange, fault, answer):
    exchange.plan.close = True


def delete(exchange, fault, answer):
    exchange.server.store.buckets[exchange.bucket].objects.pop(exchange.key, None)


AFTERWARDS = {"lose": lose, "cut": cut, "truncate": truncate, "stall": stall, "slow": slow, "flip": flip, "whole": whole,
              "other_range": other_range, "headers": change_headers, "swap": swap, "close": close, "delete": delete,
              "flip_upload": lambda exchange, fault, answer: None}  # came with the body, if there was one
