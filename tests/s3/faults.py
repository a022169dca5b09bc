"""The list of faults of the fault server: which request each one is for, and what it does there.

A fault is a JSON object. Which request:
  "op"      the operation, or a list of them; none: any that is no control request
  "key"     a key, or "prefix*"
  "ranged"  true: only requests with a Range; false: only those without
  "part"    the number of a part
  "nth"     the how many-th request of those (1); each request is counted by the faults in their order, until one acts
  "times"   for how many requests from there on (1); -1: for ever

"do", before the request is performed, instead of performing it:
  "503"          or any other status: with "code", "message", "retry_after", "headers"; "body": this text and no XML;
                 "early": true answers before the request's body was read, and closes
  "reset"        the connection, after the request has come ("early": before its body)
  "silence"      takes the request, waits "seconds", closes
  "error200"     200 with an <Error> in its body ("code")
  "expired"      ExpiredToken; the key that signed is of no use from here on with "kill_key": true
  "skewed"       RequestTimeTooSkewed, and a Date that is "seconds" ahead
  "permanent"    301 PermanentRedirect, with x-amz-bucket-region "region"
  "malformed"    400 AuthorizationHeaderMalformed, with <Region> "region"
  "redirect"     307 to "location"
  "garbage"      what is no HTTP
  "endless"      an answer of "status" whose body never ends (256 MiB at most)
  "endless_head" headers that never end
  "endless_tail" trailers behind a body in chunks that never end
  "trickle"      an answer whose body, or whose head ("in": "head"), comes by ten bytes (lines) a second
  "flip_upload"  a byte of the request's body is wrong when it arrives (then it is performed, as far as checksums let it)

"do", after it was performed:
  "lose"         the answer: the connection is reset instead
  "cut"          reset after "bytes" of the body
  "truncate"     the connection is closed in order after "bytes" of the body
  "stall"        waits "seconds" after "bytes" of the body (none: before the answer's head), then goes on
  "slow"         "rate" bytes a second
  "flip"         the byte "at" of the body is wrong
  "whole"        200 with the whole object to a request for a range
  "other_range"  206 with the range shifted by "by"; "lie": true: Content-Range as asked, but other bytes
  "headers"      sets "set" and removes "remove" in the answer's head
  "swap"         then the object is another one: that of the key "with", or "text"
  "close"        closes the connection after the answer, without having said so
  "delete"       then the object is gone
"""
import threading

BEFORE = {"reset", "silence", "error200", "expired", "skewed", "permanent", "malformed", "redirect", "garbage", "endless",
          "endless_head", "endless_tail", "trickle", "flip_upload"}
AFTER = {"lose", "cut", "truncate", "stall", "slow", "flip", "whole", "other_range", "headers", "swap", "close", "delete"}


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.pending = []

    def set(self, faults):
        for fault in faults:
            kind = fault.get("do", "")
            if kind not in BEFORE | AFTER and not (kind.isdigit() and len(kind) == 3):
                raise ValueError(f"no such fault: {fault}")
        with self.lock:
            self.pending = [dict(fault, seen=0) for fault in faults]

    def take(self, operation, key, headers, part):
        """The fault for this request, or None."""
        with self.lock:
            for fault in self.pending:
                if not matches(fault, operation, key, headers, part):
                    continue
                fault["seen"] += 1
                past = fault["seen"] - fault.get("nth", 1)
                times = fault.get("times", 1)
                if past >= 0 and (times < 0 or past < times):
                    if past + 1 == times:
                        self.pending.remove(fault)
                    return fault
        return None

    def left(self):
        with self.lock:
            return [dict(fault) for fault in self.pending]


def matches(fault, operation, key, headers, part):
    wanted = fault.get("op", operation)
    if operation not in ([wanted] if isinstance(wanted, str) else wanted):
        return False
    if fault.get("ranged", "range" in headers) != ("range" in headers) or fault.get("part", part) != part:
        return False
    name = fault.get("key", key)
    return key.startswith(name[:-1]) if name.endswith("*") and name != key else key == name
