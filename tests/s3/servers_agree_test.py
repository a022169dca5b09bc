#!/usr/bin/env python3
"""The fault server answers as a real store does: the same requests to it and to versitygw, status by status and code by
code. Where the two differ for a reason, the reason stands here."""
import base64
import sys
import time
import unittest
import urllib.parse
import zlib

import harness
import sign_v4
from sign_v4 import Key
from small_client import SmallClient


def crc(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class ServersAgree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.places = [cls.enterClassContext(harness.versitygw()), cls.enterClassContext(harness.fault_server(min_part=5 << 20))]
        except harness.Skipped:
            raise unittest.SkipTest("versitygw cannot be had") from None

    def both(self, ask, see=lambda reply: (reply.status, reply.code)):
        """What both say, which must be the same."""
        real, fake = (see(ask(place.client)) for place in self.places)
        self.assertEqual(real, fake)
        return real

    def put(self, key, body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda client: client.request("PUT", "ckpt", key, headers=named, body=body)

    def test_objects_and_their_heads(self):
        self.both(self.put("agree/a", b"0123456789", x_amz_meta_epoch="7", content_type="application/x-okibi",
                           x_amz_checksum_crc32=crc(b"0123456789")),
                  lambda reply: (reply.status, reply.headers["etag"], reply.headers["x-amz-checksum-crc32"]))
        names = ("etag", "content-length", "x-amz-meta-epoch", "content-type", "accept-ranges")
        self.both(lambda client: client.request("HEAD", "ckpt", "agree/a"),
                  lambda reply: (reply.status, [reply.headers.get(name) for name in names]))
        self.both(lambda client: client.request("HEAD", "ckpt", "agree/a", headers={"x-amz-checksum-mode": "ENABLED"}),
                  lambda reply: (reply.headers.get("x-amz-checksum-crc32"), reply.headers.get("x-amz-checksum-type")))
        self.both(lambda client: client.request("GET", "ckpt", "none"))
        self.both(lambda client: client.request("HEAD", "ckpt", "none"), lambda reply: reply.status)
        self.both(lambda client: client.request("GET", "nobucket", "none"))

    def test_ranges(self):
        self.both(self.put("agree/r", b"0123456789"))
        for text in ("bytes=2-4", "bytes=8-", "bytes=8-99", "bytes=-3", "bytes=-30", "bytes=10-", "bytes=0-0"):
            with self.subTest(text):
                self.both(lambda client: client.request("GET", "ckpt", "agree/r", headers={"range": text}),
                          lambda reply: (reply.status, reply.code, reply.headers.get("content-range") if reply.status < 400
                                         else None, reply.body if reply.status < 400 else None))

    def test_conditions(self):
        self.both(self.put("agree/c", b"one"))
        self.both(self.put("agree/c", b"two", if_none_match="*"))
        self.both(lambda client: client.request("GET", "ckpt", "agree/c", headers={"if-match": '"other"'}))
        self.both(lambda client: client.request("GET", "ckpt", "agree/c"), lambda reply: reply.body)

    def test_who_asks(self):
        self.both(lambda client: client.request("GET", "ckpt", "a", signed=False))
        self.both(lambda client: SmallClient(client.endpoint, Key(client.key.access, "wrong")).request("GET", "ckpt", "a"))
        self.both(lambda client: SmallClient(client.endpoint, Key("nobody", "x")).request("GET", "ckpt", "a"))
        self.both(lambda client: SmallClient(client.endpoint, client.key, "eu-west-1").request("GET", "ckpt", "a"))
        self.both(lambda client: SmallClient(client.endpoint, client.key, clock_offset=-3600).request("GET", "ckpt", "a"))

    def test_damaged_bodies(self):
        self.both(self.put("agree/d", b"one", x_amz_checksum_crc32=crc(b"two")))
        self.both(lambda client: client.request("PUT", "ckpt", "agree/d", body=b"one", payload=b"two"))
        self.both(lambda client: client.request("GET", "ckpt", "agree/d"))

    def begun(self):
        kinds = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}
        return [place.client.request("POST", "ckpt", "agree/m", {"uploads": ""}, kinds).texts("UploadId")[0] for place in self.places]

    def each(self, ask, uploads, see=lambda reply: (reply.status, reply.code)):
        real, fake = (see(ask(place.client, upload)) for place, upload in zip(self.places, uploads))
        self.assertEqual(real, fake)
        return real

    def part(self, number, body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return lambda client, upload: client.request("PUT", "ckpt", "agree/m", {"partNumber": str(number), "uploadId": upload},
                                                     named, body)

    def complete(self, parts, headers=None):
        text = "".join(f"<Part><PartNumber>{at}</PartNumber><ETag>{etag}</ETag><ChecksumCRC32>{crc(body)}</ChecksumCRC32></Part>"
                       for at, etag, body in parts)
        body = f"<CompleteMultipartUpload>{text}</CompleteMultipartUpload>".encode()
        return lambda client, upload: client.request("POST", "ckpt", "agree/m", {"uploadId": upload}, headers, body)

    def test_uploads(self):
        uploads, large, small = self.begun(), bytes(5 << 20), b"the rest"
        def made(reply):
            return reply.status, reply.headers.get("etag"), reply.headers.get("x-amz-checksum-crc32")
        first = self.each(self.part(1, large, x_amz_checksum_crc32=crc(large)), uploads, made)[1]
        second = self.each(self.part(2, small, x_amz_checksum_crc32=crc(small)), uploads, made)[1]
        self.each(self.part(3, small, x_amz_checksum_crc32=crc(b"other")), uploads)
        self.each(self.part(0, small), uploads)
        whole, parts = crc(large + small), [(1, first, large), (2, second, small)]
        self.each(self.complete([parts[0], parts[0]]), uploads)
        self.each(self.complete([(1, '"other"', large)]), uploads)
        self.each(self.complete([(1, first, large), (7, second, small)]), uploads)
        self.each(self.complete(parts, {"x-amz-checksum-crc32": crc(b"x"), "x-amz-checksum-type": "FULL_OBJECT"}), uploads)
        self.each(self.complete(parts, {"x-amz-mp-object-size": "12"}), uploads)
        kinds = {"x-amz-checksum-crc32": whole, "x-amz-checksum-type": "FULL_OBJECT",
                 "x-amz-mp-object-size": str(len(large) + len(small))}
        self.each(self.complete(parts, kinds), uploads,
                  lambda reply: (reply.status, reply.texts("ETag"), reply.texts("ChecksumCRC32"), reply.texts("ChecksumType")))
        self.each(self.part(4, small), uploads)
        again = self.begun()
        etag = self.each(self.part(1, small), again, lambda reply: reply.headers["etag"])
        self.each(self.part(2, small), again, lambda reply: reply.headers["etag"])
        self.each(self.complete([(1, etag, small), (2, etag, small)]), again)  # too small
        self.each(self.complete([(1, etag, small)], {"if-none-match": "*"}), again)
        self.each(lambda client, upload: client.request("DELETE", "ckpt", "agree/m", {"uploadId": upload}), again)
        self.each(lambda client, upload: client.request("GET", "ckpt", "agree/m", {"uploadId": upload}), again)

    def test_listings(self):
        for key in ("list/a", "list/b/1", "list/b/2", "list/c +&é", "list/z"):
            self.both(self.put(key, b"12345"))
        def seen(reply):
            # versitygw does not know encoding-type, and says so by an empty EncodingType.
            decoded = urllib.parse.unquote_plus if reply.texts("EncodingType") == ["url"] else str
            return [[decoded(text) for text in reply.texts(name)] for name in ("Key", "Prefix", "IsTruncated", "Size", "ETag")]
        for query in ({"prefix": "list/"}, {"prefix": "list/", "delimiter": "/"}, {"prefix": "list/", "encoding-type": "url"},
                      {"prefix": "nothing"}, {"prefix": "list/", "start-after": "list/b/1"}):
            with self.subTest(query):
                self.both(lambda client: client.request("GET", "ckpt", query={"list-type": "2"} | query), seen)
        for client in (place.client for place in self.places):
            query, names = {"list-type": "2", "prefix": "list/", "delimiter": "/", "max-keys": "1"}, []
            while query.get("continuation-token") != "":
                reply = client.request("GET", "ckpt", query=query)
                names += reply.texts("Key") + reply.texts("Prefix")[1:]
                query["continuation-token"] = (reply.texts("NextContinuationToken") + [""])[0]
            self.assertEqual(names, ["list/a", "list/b/", "list/c +&é", "list/z"])

    def test_copies(self):
        self.both(self.put("copy/from +", b"text"))
        def ask(source):
            return lambda client: client.request("PUT", "ckpt", "copy/to", headers={"x-amz-copy-source": source})
        self.both(ask("/ckpt/copy/from%20%2B"), lambda reply: (reply.status, reply.texts("ETag")))
        self.both(ask("/ckpt/none"))
        self.both(lambda client: client.request("GET", "ckpt", "copy/to"), lambda reply: reply.body)

    def test_presigned(self):
        self.both(self.put("signed", b"text"))
        def ask(age, lapses_after, change=lambda url: url):
            return lambda client: client.send("GET", change(sign_v4.presign(
                "GET", client.url("ckpt", "signed"), client.key, sign_v4.Scope(now=time.time() - age), lapses_after)))
        self.both(ask(0, 60), lambda reply: (reply.status, reply.body))
        self.both(ask(100, 60))
        self.both(ask(0, 60, lambda url: url[:-1] + ("0" if url[-1] != "0" else "1")))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
