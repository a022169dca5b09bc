#!/usr/bin/env python3
"""A strict S3 on loopback that misbehaves when it is told to. Objects live in memory. Signatures, digests, checksums,
conditions and ranges are checked as S3 checks them; the list of faults is that of faults.py.

Control, on the same port, unsigned:
  POST   /-/faults       a JSON list; replaces what was pending        GET: what is still pending
  GET    /-/log          the requests, as JSON                         DELETE: forgets them
  GET    /-/state        objects with sizes and CRCs, open uploads with their parts, the most requests at one time
  POST   /-/reset        no objects, no uploads, no faults, no log, the settings and the keys of the start
  POST   /-/settings     {"clock_offset": seconds, "min_part": bytes, "lifetime": …} (see Settings)
  POST   /-/buckets      {"name": …, "region": …, "public": …, "requester_pays": …, "owner": …}
  POST   /-/keys         {"access": …, "secret": …, "token": …, "lifetime": seconds}
  PUT, GET /-/objects/BUCKET/KEY   an object, unsigned

Prints one line of JSON when it listens: {"port": …, "credentials_port": …}."""
import argparse
import dataclasses
import email.utils
import hashlib
import json
import signal
import ssl
import sys
import threading
import time
import urllib.parse

import credential_servers
import sign_v4
from deeds import AFTERWARDS, INSTEAD, flipped, plain_status
from faults import AFTER, Faults
from s3_store import Answer, Bucket, Call, Store, error_document, made_object
from sign_v4 import Key, Refused
from wire import Gone, Listener, Plan

BUG = "a bug of the fault server"
READS = {"GetObject", "HeadObject", "ListObjectsV2", "HeadBucket"}


@dataclasses.dataclass
class Settings:
    clock_offset: float = 0  # of the server's clock
    min_part: int = 5 << 20
    lifetime: float = 3600  # seconds after which keys that were lent really expire
    told_lifetime: float | None = None  # what their borrower is told, where that differs
    unsigned: bool = False  # every bucket may be read without a signature


class Server:
    def __init__(self, options):
        self.options, self.lock, self.started = options, threading.Lock(), time.monotonic()
        self.store, self.faults = Store(), Faults()
        self.forget()

    def forget(self):
        with self.lock:
            self.settings = Settings(min_part=self.options.min_part)
            self.keys = {self.options.key: Key(self.options.key, self.options.secret)}
            self.log, self.lent, self.now_running, self.peak = [], 0, 0, 0
        self.store.clear()
        self.store.min_part = self.settings.min_part
        self.faults.set([])
        for name in self.options.bucket:
            name, _, region = name.partition(":")
            self.store.buckets[name] = Bucket(region or self.options.region)

    def now(self):
        return time.time() + self.settings.clock_offset

    def lend(self):
        """A new key with a token, and the moment at which its borrower is told that it expires."""
        with self.lock:
            self.lent += 1
            name = f"ASIALENT{self.lent:04}"
            key = Key(name, f"lent-secret-{self.lent}/+{'s' * 20}", f"lent-token-{self.lent}=={'t' * 40}",
                      self.now() + self.settings.lifetime)
            self.keys[name] = key
        told = self.settings.lifetime if self.settings.told_lifetime is None else self.settings.told_lifetime
        return key, self.now() + told

    def entry(self, connection, **fields):
        with self.lock:
            entry = {"n": len(self.log) + 1, "connection": connection.number, "nth_on_connection": connection.requests,
                     "at": round(time.monotonic() - self.started, 4), "status": None, "fault": None} | fields
            self.log.append(entry)
            self.now_running += 1
            self.peak = max(self.peak, self.now_running)
        return entry

    def done(self):
        with self.lock:
            self.now_running -= 1

    # One request.

    def serve(self, connection, head):
        if head.path.startswith("/-/"):
            return control(self, connection, head)
        Exchange(self, connection, head).run()


class Exchange:
    """One request to a bucket, from its head to its answer."""

    def __init__(self, server, connection, head):
        self.server, self.connection, self.head = server, connection, head
        self.query = dict(sign_v4.query_pairs(head.query))
        self.bucket, self.key = address(head, server.options.virtual_domain)
        self.operation = operation_of(head.method, self.bucket, self.key, self.query, head.headers)
        part = self.query.get("partNumber", "")
        self.part = int(part) if part.isdigit() else None
        self.entry = server.entry(connection, op=self.operation, bucket=self.bucket, key=self.key, part=self.part,
                                  range=head.headers.get("range"), if_match=head.headers.get("if-match"), sent=0,
                                  received=head.length, host=head.headers.get("host"), signed_by=None,
                                  headers={name: value for name, value in head.headers.items()
                                           if name not in ("authorization", "x-amz-security-token")})
        self.request_id = f"REQUEST{self.entry['n']:09}"
        self.body, self.fault, self.plan, self.key_used = None, None, Plan(), None

    def run(self):
        try:
            self.answer(self.performed())
        except Refused as refused:
            self.read_body()
            self.answer(self.refusal(refused))
        except Gone:
            self.entry["status"] = self.entry["status"] or "gone"
            raise
        except Exception:
            self.entry["status"] = BUG  # tests look for it: else it would pass for a connection that broke
            raise
        finally:
            self.server.done()

    def performed(self):
        given = sign_v4.presented(self.head.query, self.head.headers)
        self.check_signature(given)
        self.fault = self.server.faults.take(self.operation, self.key, self.head.headers, self.part)
        self.entry["fault"] = self.fault and self.fault["do"]
        instead = self.before()
        if instead:
            return instead
        self.check_body(given)
        answer = getattr(self.server.store, self.operation)(self.call())
        return self.after(answer) if self.fault else answer

    def call(self):
        return Call(self.operation, self.bucket, self.key, self.query, self.head.headers, self.body)

    def read_body(self):
        if self.body is None:
            self.body = self.connection.read_body(self.head)

    def check_signature(self, given):
        bucket = self.server.store.buckets.get(self.bucket)
        if given is None:
            readable = self.operation in READS and bucket and (bucket.public or self.server.settings.unsigned)
            if not readable:
                raise Refused(403, "AccessDenied", "Access Denied")
        else:
            region = bucket.region if bucket else self.server.options.region
            self.key_used = sign_v4.check(self.head.method, self.head.path, self.head.headers, given, self.server.keys, region,
                                          self.server.now())
            self.entry["signed_by"] = self.key_used.access
        if self.operation == "unknown":
            raise Refused(501, "NotImplemented", "A header or query you provided implies what this server does not do")
        self.check_bucket_rules(bucket)

    def check_bucket_rules(self, bucket):
        if bucket is None:
            return
        owner = self.head.headers.get("x-amz-expected-bucket-owner", bucket.owner)
        pays = self.head.headers.get("x-amz-request-payer") == "requester"
        if owner != bucket.owner or (bucket.requester_pays and not pays):
            raise Refused(403, "AccessDenied", "Access Denied")

    def check_body(self, given):
        headers = self.head.headers
        if self.head.method in ("PUT", "POST") and "content-length" not in headers:
            raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        self.read_body()
        if self.fault and self.fault["do"] == "flip_upload" and len(self.body):
            self.body = flipped(self.body, self.fault.get("at", len(self.body) // 2))
        if given is None or given.payload == sign_v4.UNSIGNED:
            return
        if len(given.payload) != 64:
            raise Refused(501, "NotImplemented", f"This server does not take {given.payload}")
        if hashlib.sha256(self.body).hexdigest() != given.payload:
            raise Refused(400, "XAmzContentSHA256Mismatch",
                          "The provided 'x-amz-content-sha256' header does not match what was computed.")

    # Faults.

    def before(self):
        fault = self.fault
        if not fault or fault["do"] in AFTER or fault["do"] == "flip_upload":
            return None
        if fault.get("early"):
            self.plan.close = True
        else:
            self.read_body()
        return INSTEAD.get(fault["do"], plain_status)(self, fault)

    def after(self, answer):
        return AFTERWARDS[self.fault["do"]](self, self.fault, answer) or answer

    def refusal(self, refused):
        body = b"" if refused.status == 304 else error_document(refused, f"/{self.bucket}/{self.key}", self.request_id)
        return Answer(refused.status, {"content-type": "application/xml"} | refused.headers, body)

    def answer(self, answer):
        own = {"x-amz-request-id": self.request_id, "x-amz-id-2": "host-of-" + self.request_id,
               "date": email.utils.formatdate(self.server.now(), usegmt=True), "server": "FaultS3"}
        headers = {name: value for name, value in (own | answer.headers).items()}
        # Said before it goes out: who reads the log after an answer finds it there.
        self.entry["status"], self.entry["sent"] = answer.status, len(answer.body)
        self.connection.answer(answer.status, headers, answer.body, self.head.method, self.plan)


def address(head, virtual_domain):
    raw = head.path.removeprefix("/")
    host = head.headers.get("host", "").partition(":")[0]
    if virtual_domain and host.endswith("." + virtual_domain):
        return host.removesuffix("." + virtual_domain), decoded(raw)
    bucket, _, key = raw.partition("/")
    return decoded(bucket), decoded(key)


def decoded(text):
    return urllib.parse.unquote(text, errors="surrogateescape")


def operation_of(method, bucket, key, query, headers):
    copies = "x-amz-copy-source" in headers
    if not bucket:
        return "unknown"
    if not key:
        if method == "GET":
            return "ListMultipartUploads" if "uploads" in query else "ListObjectsV2" if query.get("list-type") == "2" else "unknown"
        return {"HEAD": "HeadBucket", "PUT": "CreateBucket"}.get(method, "unknown")
    if "uploadId" in query:
        upload = "UploadPartCopy" if copies else "UploadPart"
        return {"GET": "ListParts", "PUT": upload, "POST": "CompleteMultipartUpload",
                "DELETE": "AbortMultipartUpload"}.get(method, "unknown")
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else "unknown"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "CopyObject" if copies else "PutObject",
            "DELETE": "DeleteObject"}.get(method, "unknown")


# Control.

def control(server, connection, head):
    body = connection.read_body(head)
    try:
        status, answer = controlled(server, head, body)
    except (ValueError, KeyError, TypeError) as error:
        status, answer = 400, f"{type(error).__name__}: {error}".encode()
    if not isinstance(answer, (bytes, memoryview)):
        answer = json.dumps(answer).encode()
    connection.answer(status, {}, answer, head.method, Plan())


def controlled(server, head, body):
    what = head.path.removeprefix("/-/")
    if what.startswith("objects/"):
        return stored(server, head.method, what.removeprefix("objects/"), body)
    asked = (head.method, what)
    if asked == ("GET", "log"):
        with server.lock:
            return 200, [dict(entry) for entry in server.log]
    if asked == ("GET", "state"):
        return 200, state(server)
    if asked == ("GET", "faults"):
        return 200, server.faults.left()
    if head.method in ("POST", "DELETE"):
        return 200, commanded(server, what if head.method == "POST" else "no " + what, json.loads(bytes(body) or b"{}"))
    raise ValueError("no such control request")


def commanded(server, what, given):
    if what == "faults":
        server.faults.set(given)
    elif what == "reset":
        server.forget()
    elif what == "no log":
        with server.lock:
            server.log, server.peak = [], 0
    elif what == "settings":
        server.settings = dataclasses.replace(server.settings, **given)
        server.store.min_part = server.settings.min_part
    elif what == "buckets":
        name = given.pop("name")
        server.store.buckets[name] = Bucket(**({"region": server.options.region} | given))
    elif what == "keys":
        lifetime = given.pop("lifetime", float("inf"))
        server.keys[given["access"]] = Key(expires=server.now() + lifetime, **given)
    else:
        raise ValueError("no such control request")
    return {}


def stored(server, method, name, body):
    bucket, _, key = name.partition("/")
    objects = server.store.buckets[decoded(bucket)].objects
    if method == "PUT":
        objects[decoded(key)] = made_object(body, {}, "FULL_OBJECT")
        return 200, {}
    found = objects.get(decoded(key))
    return (200, found.body) if found else (404, {})


def state(server):
    store = server.store
    with store.lock:
        objects = {f"{name}/{key}": {"size": len(found.body), "crc32": found.crc32, "etag": found.etag, "kept": found.kept}
                   for name, bucket in store.buckets.items() for key, found in bucket.objects.items()}
        uploads = [{"id": name, "bucket": upload.bucket, "key": upload.key,
                    "parts": {at: len(part.body) for at, part in upload.parts.items()}}
                   for name, upload in store.uploads.items()]
    return {"objects": objects, "uploads": uploads, "peak": server.peak, "lent": server.lent}


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--virtual-domain", default="")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--key", default="faultkey")
    parser.add_argument("--secret", default="fault/secret+key")
    parser.add_argument("--min-part", type=int, default=5 << 20)
    parser.add_argument("--bucket", action="append", default=[], metavar="NAME[:REGION]")
    parser.add_argument("--with-credential-servers", action="store_true")
    return parser.parse_args(arguments)


def started(options):
    """(the server, its listener, that of the credential servers or None)"""
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*options.tls)
    server = Server(options)
    lenders = None
    if options.with_credential_servers:
        lenders = Listener(0, credential_servers.Lenders(server).serve).start()
    return server, Listener(options.port, server.serve, tls).start(), lenders


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _, listener, lenders = started(parsed(sys.argv[1:]))
    print(json.dumps({"port": listener.port, "credentials_port": lenders and lenders.port}), flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
