#!/usr/bin/env python3
"""The fault server tested itself: its signatures by the examples that Amazon published, its strictness, and each fault.
What it lets pass, okibi's tests would never notice."""
import base64
import hashlib
import time
import unittest
import zlib

import fault_server
import sign_v4
from sign_v4 import Key, Scope
from small_client import SmallClient

AMAZONS_KEY = Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AMAZONS_SCOPE = Scope("us-east-1", now=sign_v4.seconds_of("20130524T000000Z"))
HOST = "https://examplebucket.s3.amazonaws.com"


def signature_of(method, path, headers=None, body=b""):
    signed = sign_v4.sign(method, HOST + path, headers or {}, body, AMAZONS_KEY, AMAZONS_SCOPE)
    return signed["authorization"].rpartition("Signature=")[2]


class PublishedSignatures(unittest.TestCase):
    """docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html"""

    def test_get_of_a_range(self):
        self.assertEqual(signature_of("GET", "/test.txt", {"Range": "bytes=0-9"}),
                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")

    def test_put_with_a_storage_class(self):
        headers = {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}
        self.assertEqual(signature_of("PUT", "/test%24file.text", headers, b"Welcome to Amazon S3."),
                         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")

    def test_query_without_a_value(self):
        self.assertEqual(signature_of("GET", "/?lifecycle"), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")

    def test_listing(self):
        self.assertEqual(signature_of("GET", "/?max-keys=2&prefix=J"),
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")

    def test_presigned_url(self):
        url = sign_v4.presign("GET", HOST + "/test.txt", AMAZONS_KEY, AMAZONS_SCOPE, 86400)
        self.assertTrue(url.endswith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"), url)

    def test_the_store_accepts_what_amazon_published(self):
        signed = sign_v4.sign("GET", HOST + "/test.txt", {"Range": "bytes=0-9"}, b"", AMAZONS_KEY, AMAZONS_SCOPE)
        given = sign_v4.presented("", signed)
        sign_v4.check("GET", "/test.txt", signed, given, {AMAZONS_KEY.access: AMAZONS_KEY}, "us-east-1", AMAZONS_SCOPE.now)


class WithServer(unittest.TestCase):
    arguments = ["--bucket", "ckpt", "--bucket", "far:eu-west-3", "--min-part", "0", "--with-credential-servers"]

    @classmethod
    def setUpClass(cls):
        cls.server, cls.listener, cls.lenders = fault_server.started(fault_server.parsed(cls.arguments))
        cls.key = cls.server.keys["faultkey"]
        cls.client = SmallClient(f"http://127.0.0.1:{cls.listener.port}", cls.key)

    @classmethod
    def tearDownClass(cls):
        cls.listener.stop()
        cls.lenders.stop()

    def setUp(self):
        self.client.control("reset", {})

    def faults(self, *faults):
        self.client.control("faults", list(faults))

    def expect(self, reply, status, code=None):
        self.assertEqual((reply.status, reply.code if code else None), (status, code), reply.body[:400])
        return reply


class Strictness(WithServer):
    def test_a_wrong_secret_is_refused(self):
        wrong = SmallClient(self.client.endpoint, Key("faultkey", "wrong"))
        reply = self.expect(wrong.request("PUT", "ckpt", "a", body=b"x"), 403, "SignatureDoesNotMatch")
        self.assertEqual(reply.texts("RequestId"), [reply.headers["x-amz-request-id"]])
        self.assertEqual(self.client.control("state")["objects"], {})

    def test_an_unknown_key_is_refused(self):
        self.expect(SmallClient(self.client.endpoint, Key("nobody", "x")).request("GET", "ckpt", "a"), 403, "InvalidAccessKeyId")

    def test_unsigned_is_refused_unless_the_bucket_is_public(self):
        self.client.put("ckpt", "a", b"text")
        self.expect(self.client.request("GET", "ckpt", "a", signed=False), 403, "AccessDenied")
        self.client.control("buckets", {"name": "open", "public": True})
        self.client.put("open", "a", b"text")
        self.assertEqual(self.expect(self.client.request("GET", "open", "a", signed=False), 200).body, b"text")
        self.expect(self.client.request("PUT", "open", "a", body=b"x", signed=False), 403, "AccessDenied")

    def test_a_body_that_is_not_the_signed_one_is_refused(self):
        self.expect(self.client.request("PUT", "ckpt", "a", body=b"one", payload=b"two"), 400, "XAmzContentSHA256Mismatch")
        self.expect(self.client.request("PUT", "ckpt", "a", body=b"one", payload=sign_v4.UNSIGNED), 200)

    def test_a_header_that_was_not_signed_is_refused(self):
        url = self.client.url("ckpt", "a")
        signed = sign_v4.sign("PUT", url, {}, b"x", self.key, Scope()) | {"x-amz-meta-a": "b"}
        self.expect(self.client.send("PUT", url, signed, b"x"), 403, "AccessDenied")

    def test_a_request_of_another_time_is_refused(self):
        late = SmallClient(self.client.endpoint, self.key, clock_offset=-1200)
        self.expect(late.request("GET", "ckpt", "a"), 403, "RequestTimeTooSkewed")
        self.client.control("settings", {"clock_offset": -1200})
        self.expect(late.request("GET", "ckpt", "a"), 404, "NoSuchKey")

    def test_another_region_is_refused_with_the_right_one(self):
        reply = self.expect(self.client.request("GET", "far", "a"), 400, "AuthorizationHeaderMalformed")
        self.assertEqual((reply.texts("Region"), reply.headers["x-amz-bucket-region"]), (["eu-west-3"], "eu-west-3"))
        self.assertEqual(self.client.request("HEAD", "far").headers["x-amz-bucket-region"], "eu-west-3")
        self.expect(SmallClient(self.client.endpoint, self.key, "eu-west-3").request("GET", "far", "a"), 404, "NoSuchKey")

    def test_tokens_must_be_right_and_not_expired(self):
        self.client.control("keys", {"access": "lent", "secret": "s", "token": "t", "lifetime": 3600})
        self.client.control("keys", {"access": "old", "secret": "s", "token": "t", "lifetime": -1})
        def as_key(*words):
            return SmallClient(self.client.endpoint, Key(*words)).request("GET", "ckpt", "a")
        self.expect(as_key("lent", "s", "t"), 404, "NoSuchKey")
        self.expect(as_key("lent", "s", "u"), 400, "InvalidToken")
        self.expect(as_key("lent", "s"), 400, "InvalidToken")
        self.expect(as_key("old", "s", "t"), 400, "ExpiredToken")

    def test_presigned_urls_work_until_they_lapse(self):
        self.client.put("ckpt", "a b", b"text")
        def url(age, lapses_after):
            return sign_v4.presign("GET", self.client.url("ckpt", "a b"), self.key, Scope(now=time.time() - age), lapses_after)
        self.assertEqual(self.expect(self.client.send("GET", url(0, 60)), 200).body, b"text")
        self.expect(self.client.send("GET", url(3600, 7200)), 200)
        self.expect(self.client.send("GET", url(100, 60)), 403, "AccessDenied")
        self.expect(self.client.send("GET", url(0, 700000)), 400, "AuthorizationQueryParametersError")
        self.expect(self.client.send("GET", url(0, 60).replace("a%20b", "other")), 403, "SignatureDoesNotMatch")
        self.expect(self.client.send("GET", url(0, 60) + "&versionId=3"), 403, "SignatureDoesNotMatch")

    def test_checksums_of_bodies(self):
        crc = base64.b64encode(zlib.crc32(b"text").to_bytes(4, "big")).decode()
        reply = self.client.request("PUT", "ckpt", "a", headers={"x-amz-checksum-crc32": crc}, body=b"text")
        self.assertEqual(self.expect(reply, 200).headers["x-amz-checksum-crc32"], crc)
        self.expect(self.client.request("PUT", "ckpt", "a", headers={"x-amz-checksum-crc32": crc}, body=b"texu"), 400, "BadDigest")
        head = self.client.request("HEAD", "ckpt", "a", headers={"x-amz-checksum-mode": "ENABLED"})
        self.assertEqual((head.headers["x-amz-checksum-crc32"], head.headers["content-length"]), (crc, "4"))
        self.assertEqual(head.headers["etag"], f'"{hashlib.md5(b"text").hexdigest()}"')

    def test_ranges(self):
        self.client.put("ckpt", "a", b"0123456789")
        def got(text):
            reply = self.client.request("GET", "ckpt", "a", headers={"range": text})
            return reply.status, reply.headers.get("content-range"), reply.body
        self.assertEqual(got("bytes=2-4"), (206, "bytes 2-4/10", b"234"))
        self.assertEqual(got("bytes=8-"), (206, "bytes 8-9/10", b"89"))
        self.assertEqual(got("bytes=8-99"), (206, "bytes 8-9/10", b"89"))
        self.assertEqual(got("bytes=-3"), (206, "bytes 7-9/10", b"789"))
        self.assertEqual(got("bytes=-30"), (206, "bytes 0-9/10", b"0123456789"))
        self.assertEqual(got("bytes=10-")[:2], (416, "bytes */10"))
        self.assertEqual(got("bytes=-0")[0], 416)
        self.assertEqual(got("bytes=4-2")[0], 200)

    def test_conditions(self):
        etag = self.client.put("ckpt", "a", b"one").headers["etag"]
        self.expect(self.client.request("GET", "ckpt", "a", headers={"if-match": etag}), 200)
        self.expect(self.client.request("GET", "ckpt", "a", headers={"if-match": '"other"'}), 412, "PreconditionFailed")
        self.expect(self.client.request("GET", "ckpt", "a", headers={"if-none-match": etag}), 304)
        self.expect(self.client.request("PUT", "ckpt", "a", headers={"if-none-match": "*"}, body=b"x"), 412, "PreconditionFailed")
        self.expect(self.client.request("PUT", "ckpt", "new", headers={"if-none-match": "*"}, body=b"x"), 200)
        self.expect(self.client.request("PUT", "ckpt", "a", headers={"if-match": '"other"'}, body=b"x"), 412)
        self.assertEqual(self.client.get("ckpt", "a"), b"one")

    def test_any_key_stays_as_it_is(self):
        for key in ("a//b", "../up", "a+b=c d%41", "é/☃", "tab\tand\nline", ".", "a/./b"):
            self.client.put("ckpt", key, key.encode())
            self.assertEqual(self.client.get("ckpt", key), key.encode())
            self.assertIn("ckpt/" + key, self.client.control("state")["objects"])

    def test_owners_and_those_who_pay(self):
        self.client.control("buckets", {"name": "paid", "requester_pays": True})
        self.expect(self.client.request("PUT", "paid", "a", body=b"x"), 403, "AccessDenied")
        self.expect(self.client.request("PUT", "paid", "a", headers={"x-amz-request-payer": "requester"}, body=b"x"), 200)
        self.expect(self.client.request("PUT", "ckpt", "a", headers={"x-amz-expected-bucket-owner": "1"}, body=b"x"), 403)

    def test_listing_in_pages_with_a_delimiter(self):
        for key in ("a", "runs/1/x", "runs/1/y", "runs/2/x", "runs/z", "z +é"):
            self.client.put("ckpt", key, b"12345")
        names, query = [], {"list-type": "2", "delimiter": "/", "prefix": "runs/", "max-keys": "1", "encoding-type": "url"}
        while True:
            reply = self.expect(self.client.request("GET", "ckpt", query=query), 200)
            names += reply.texts("Key") + reply.texts("Prefix")[1:]
            if reply.texts("IsTruncated") == ["false"]:
                break
            query["continuation-token"] = reply.texts("NextContinuationToken")[0]
        self.assertEqual(names, ["runs/1/", "runs/2/", "runs/z"])
        everything = self.client.request("GET", "ckpt", query={"list-type": "2", "encoding-type": "url"})
        self.assertEqual(everything.texts("Key")[-1], "z+%2B%C3%A9")
        self.assertEqual(everything.texts("Size")[0], "5")

    def test_delete_and_copy(self):
        self.client.put("ckpt", "a b", b"text")
        self.expect(self.client.request("PUT", "ckpt", "c", headers={"x-amz-copy-source": "/ckpt/a%20b"}), 200)
        self.assertEqual(self.client.get("ckpt", "c"), b"text")
        self.expect(self.client.request("DELETE", "ckpt", "a b"), 204)
        self.expect(self.client.request("DELETE", "ckpt", "a b"), 204)
        self.expect(self.client.request("GET", "ckpt", "a b"), 404, "NoSuchKey")
        self.expect(self.client.request("PUT", "ckpt", "d", headers={"x-amz-copy-source": "/ckpt/a%20b"}), 404, "NoSuchKey")
        self.expect(self.client.request("GET", "none", "a"), 404, "NoSuchBucket")


class Uploads(WithServer):
    def begin(self, key="big", headers=None):
        reply = self.client.request("POST", "ckpt", key, {"uploads": ""}, {"x-amz-checksum-algorithm": "CRC32",
                                    "x-amz-checksum-type": "FULL_OBJECT"} | (headers or {}))
        return self.expect(reply, 200).texts("UploadId")[0]

    def part(self, upload, number, body, key="big"):
        reply = self.client.request("PUT", "ckpt", key, {"partNumber": str(number), "uploadId": upload}, body=body)
        return self.expect(reply, 200).headers["etag"]

    def complete(self, upload, parts, headers=None, key="big"):
        xml = "".join(f"<Part><PartNumber>{at}</PartNumber><ETag>{etag}</ETag></Part>" for at, etag in parts)
        body = f"<CompleteMultipartUpload>{xml}</CompleteMultipartUpload>".encode()
        return self.client.request("POST", "ckpt", key, {"uploadId": upload}, headers, body)

    def crc(self, body):
        return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()

    def test_parts_make_an_object(self):
        upload = self.begin(headers={"x-amz-meta-epoch": "3"})
        parts = [(1, self.part(upload, 1, b"one,")), (2, self.part(upload, 2, b"two,")), (5, self.part(upload, 5, b"three"))]
        self.assertEqual(self.client.uploads("ckpt"), [upload])
        listed = self.client.request("GET", "ckpt", "big", {"uploadId": upload})
        self.assertEqual((listed.texts("PartNumber"), listed.texts("Size")), (["1", "2", "5"], ["4", "4", "5"]))
        whole = b"one,two,three"
        self.expect(self.complete(upload, parts, {"x-amz-checksum-crc32": self.crc(b"other")}), 400, "BadDigest")
        self.expect(self.complete(upload, parts, {"x-amz-mp-object-size": "12"}), 400, "InvalidRequest")
        reply = self.complete(upload, parts, {"x-amz-checksum-crc32": self.crc(whole), "x-amz-mp-object-size": "13"})
        self.assertEqual(self.expect(reply, 200).texts("ChecksumCRC32"), [self.crc(whole)])
        got = self.client.request("GET", "ckpt", "big")
        self.assertEqual((got.body, got.headers["x-amz-meta-epoch"], got.headers["etag"][-3:]), (whole, "3", '-3"'))
        self.expect(self.complete(upload, parts), 404, "NoSuchUpload")
        self.assertEqual(self.client.uploads("ckpt"), [])

    def test_what_does_not_fit_is_refused(self):
        upload = self.begin()
        parts = [(1, self.part(upload, 1, b"one")), (2, self.part(upload, 2, b"two"))]
        self.expect(self.complete(upload, parts[::-1]), 400, "InvalidPartOrder")
        self.expect(self.complete(upload, [(1, '"other"')]), 400, "InvalidPart")
        self.expect(self.complete(upload, [(3, parts[0][1])]), 400, "InvalidPart")
        self.expect(self.complete(upload, []), 400, "MalformedXML")
        self.client.put("ckpt", "big", b"old")
        self.expect(self.complete(upload, parts, {"if-none-match": "*"}), 412, "PreconditionFailed")
        self.client.control("settings", {"min_part": 5 << 20})
        self.expect(self.complete(upload, parts), 400, "EntityTooSmall")
        self.assertEqual(self.client.get("ckpt", "big"), b"old")
        reply = self.client.request("PUT", "ckpt", "big", {"partNumber": "10001", "uploadId": upload}, body=b"x")
        self.expect(reply, 400, "InvalidArgument")
        wrong = {"x-amz-checksum-crc32": self.crc(b"other")}
        reply = self.client.request("PUT", "ckpt", "big", {"partNumber": "1", "uploadId": upload}, wrong, b"x")
        self.expect(reply, 400, "BadDigest")

    def test_aborted_uploads_are_gone(self):
        upload = self.begin()
        self.expect(self.client.request("DELETE", "ckpt", "big", {"uploadId": upload}), 204)
        self.expect(self.client.request("PUT", "ckpt", "big", {"partNumber": "1", "uploadId": upload}, body=b"x"), 404, "NoSuchUpload")
        self.assertEqual(self.client.uploads("ckpt"), [])

    def test_parts_that_are_copied(self):
        self.client.put("ckpt", "from", b"0123456789")
        upload = self.begin()
        reply = self.client.request("PUT", "ckpt", "big", {"partNumber": "1", "uploadId": upload},
                                    {"x-amz-copy-source": "/ckpt/from", "x-amz-copy-source-range": "bytes=2-5"})
        self.expect(self.complete(upload, [(1, self.expect(reply, 200).texts("ETag")[0])]), 200)
        self.assertEqual(self.client.get("ckpt", "big"), b"2345")
        reply = self.client.request("PUT", "ckpt", "big", {"partNumber": "1", "uploadId": self.begin()},
                                    {"x-amz-copy-source": "/ckpt/from", "x-amz-copy-source-range": "bytes=2-10"})
        self.expect(reply, 400, "InvalidArgument")

    def test_large_objects_are_fast(self):
        body = bytes(1 << 20) * 64
        begun = time.monotonic()
        self.expect(self.client.request("PUT", "ckpt", "large", body=body, payload=sign_v4.UNSIGNED), 200)
        self.assertEqual(self.client.get("ckpt", "large"), body)
        self.assertLess(time.monotonic() - begun, 10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
