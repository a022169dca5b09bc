"""okibi and versitygw: a real and strict store, by paths, by hosts, with TLS."""
import base64
import random
import signal
import subprocess
import unittest
import urllib.error
import urllib.request
import zlib

import harness
import sign_v4
from program import Program, until

MIB = 1 << 20
ODD_KEYS = ["plain.pth", "a b.pth", "epoch=3+step=4.pth", "a//b.pth", "/begins", "ends/x//", "..a/..b", "100%.pth", "%41.pth",
            "é/☃/学.pth", "q?a=b&c#d", "quote'\"<>&.pth", "semi;colon,comma", "a:b@c!$(d)*", "~tilde_-.", "[brackets]{}|^`\\",
            "x" * 200 + "/" + "y" * 200]
# versitygw keeps objects as files, so that these cannot be there; S3 has them, and so has the fault server.
NO_FILES = {"a//b.pth", "/begins", "ends/x//"}


def made_bytes(count, seed):
    return random.Random(seed).randbytes(count)


def crc(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Shared:
    """What is tested wherever the server stands. No TestCase of its own."""
    server, options = {}, []
    program = None  # set by s3_test.py

    @classmethod
    def setUpClass(cls):
        try:
            cls.place = cls.enterClassContext(harness.versitygw(**cls.server))
        except harness.Skipped:
            raise unittest.SkipTest("versitygw cannot be had") from None
        cls.okibi = Program(cls.program, cls.place, cls.options)
        cls.store, cls.folder = cls.place.client, cls.place.folder

    def file(self, name, body=b""):
        path = self.folder / name
        path.write_bytes(body)
        return path

    def test_an_object_goes_there_and_comes_back(self):
        for size in (0, 1, 100_000):
            body = made_bytes(size, size)
            self.okibi("put", "s3://ckpt/small", self.file("small", body))
            self.assertEqual(self.store.get("ckpt", "small"), body)
            for how in ("get", "fetch"):
                self.okibi(how, "s3://ckpt/small", self.folder / "back")
                self.assertEqual((self.folder / "back").read_bytes(), body)

    def test_a_large_object_goes_in_parts_and_comes_in_ranges(self):
        body = made_bytes(21 * MIB + 12345, 1)
        self.okibi("--part-size", 5 * MIB, "stream", "s3://ckpt/large", self.file("large", body))
        head = self.store.request("HEAD", "ckpt", "large", headers={"x-amz-checksum-mode": "ENABLED"}).headers
        self.assertEqual((head["content-length"], head["etag"][-3:]), (str(len(body)), '-5"'))
        self.assertEqual((head["x-amz-checksum-crc32"], head["x-amz-checksum-type"]), (crc(body), "FULL_OBJECT"))
        for how in ("get", "fetch"):
            self.okibi("--part-size", 5 * MIB, how, "s3://ckpt/large", self.folder / "back")
            self.assertEqual((self.folder / "back").read_bytes(), body, how)

    def test_a_checkpoint_is_the_same_as_in_a_file(self):
        self.okibi("save", self.folder / "local.pth", 7, 20 * MIB)
        self.okibi("--part-size", 5 * MIB, "save", "s3://ckpt/runs/a.pth", 7, 20 * MIB)
        self.assertEqual(self.store.get("ckpt", "runs/a.pth"), (self.folder / "local.pth").read_bytes())
        self.assertEqual(self.okibi("load", "s3://ckpt/runs/a.pth"), self.okibi("load", self.folder / "local.pth"))

    def test_odd_keys(self):
        for key in ODD_KEYS:
            if key in NO_FILES:
                continue
            with self.subTest(key):
                self.okibi("put", f"s3://ckpt/odd/{key}", self.file("odd", key.encode()))
                self.assertEqual(self.store.get("ckpt", f"odd/{key}"), key.encode())
                self.store.put("ckpt", f"odd/{key}", b"2" + key.encode())
                self.okibi("get", f"s3://ckpt/odd/{key}", self.folder / "back")
                self.assertEqual((self.folder / "back").read_bytes(), b"2" + key.encode())
        listed = listed_keys(self.okibi("ls", "s3://ckpt/odd/"))
        wanted = sorted((f"odd/{key}" for key in ODD_KEYS if key not in NO_FILES), key=str.encode)
        self.assertEqual(listed, wanted)


def listed_keys(out):
    return [line.split(None, 1)[1] for line in out.splitlines()]


class PlainGateway(Shared, unittest.TestCase):
    def test_heads(self):
        body = made_bytes(1000, 3)
        self.okibi("--metadata", "epoch=7", "--content-type", "application/x-okibi", "put", "s3://ckpt/head", self.file("f", body))
        raw = self.store.request("HEAD", "ckpt", "head").headers
        self.assertEqual((raw["x-amz-meta-epoch"], raw["content-type"]), ("7", "application/x-okibi"))
        said = self.okibi("head", "s3://ckpt/head")
        for text in ("1000", raw["etag"], crc(body), "epoch=7"):
            self.assertIn(text, said)

    def test_conditional_writes(self):
        for how in ("put", "stream"):
            uri = f"s3://ckpt/once-{how}"
            once = self.okibi.with_options("--if-none-match", "--part-size", 5 * MIB)
            once(how, uri, self.file("first", made_bytes(11 * MIB, 1)))
            said = once.fails(how, uri, self.file("second", made_bytes(11 * MIB, 2)))
            self.assertIn("412", said)
            self.assertEqual(self.store.get("ckpt", f"once-{how}"), made_bytes(11 * MIB, 1))
        self.assertEqual(self.store.uploads("ckpt"), [])

    def test_a_writer_without_commit_leaves_the_old_object(self):
        self.store.put("ckpt", "kept", b"old")
        self.okibi("--part-size", 5 * MIB, "drop", "s3://ckpt/kept", self.file("new", made_bytes(16 * MIB, 1)))
        self.assertEqual(self.store.get("ckpt", "kept"), b"old")
        self.assertEqual(self.store.uploads("ckpt"), [])

    def test_thousands_of_keys(self):
        folder = self.place.data / "ckpt" / "many"  # quicker than by requests
        for number in range(2345):
            path = folder / f"run-{number % 7}" / f"{number:05}.pth"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        self.assertEqual(listed_keys(self.okibi("ls", "s3://ckpt/many/")),
                         sorted(f"many/run-{number % 7}/{number:05}.pth" for number in range(2345)))
        listed = self.okibi("ls", "s3://ckpt/many/", "/")
        self.assertEqual([line.split()[-1] for line in listed.splitlines()], [f"many/run-{number}/" for number in range(7)])

    def test_copies_and_deletes(self):
        self.store.put("ckpt", "from a+b", b"text")
        self.okibi("cp", "s3://ckpt/from a+b", "s3://ckpt/to/é")
        self.assertEqual(self.store.get("ckpt", "to/é"), b"text")
        self.okibi("rm", "s3://ckpt/from a+b")
        self.okibi("rm", "s3://ckpt/from a+b")
        self.assertEqual(self.store.request("GET", "ckpt", "from a+b").status, 404)

    def test_presigned_urls(self):
        self.store.put("ckpt", "signed/a +é", b"text")
        url = self.okibi("presign", "s3://ckpt/signed/a +é", 60).strip()
        self.assertEqual(urllib.request.urlopen(url).read(), b"text")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(url.replace("signed", "other"))
        put = self.okibi("presign", "s3://ckpt/signed/put", 60, "PUT").strip()
        urllib.request.urlopen(urllib.request.Request(put, b"by anyone", method="PUT"))
        self.assertEqual(self.store.get("ckpt", "signed/put"), b"by anyone")
        self.okibi("save", self.folder / "local.pth", 5, MIB)
        self.store.put("ckpt", "shared.pth", (self.folder / "local.pth").read_bytes())
        theirs = sign_v4.presign("GET", self.store.url("ckpt", "shared.pth"), self.place.key, sign_v4.Scope(), 60)
        self.assertEqual(self.okibi("load", theirs), self.okibi("load", self.folder / "local.pth"))

    def test_a_presigned_url_that_has_lapsed_says_so_without_its_signature(self):
        self.store.put("ckpt", "a", b"text")
        url = sign_v4.presign("GET", self.store.url("ckpt", "a"), self.place.key, sign_v4.Scope(now=1e9), 60)
        said = self.okibi.fails("load", url)
        self.assertIn("403", said)
        self.assertNotIn(url.rpartition("=")[2], said)

    def test_a_wrong_secret_is_denied_in_words(self):
        wrong = Program(self.program, self.place, AWS_SECRET_ACCESS_KEY="wrong/secret+of+mine")
        wrong.secrets.append("wrong/secret+of+mine")
        said = wrong.fails("put", "s3://ckpt/denied", self.file("f", b"x"))
        for text in ("SignatureDoesNotMatch", "403", "PutObject", "s3://ckpt/denied", "testkey"):
            self.assertIn(text, said)
        self.assertIn("InvalidAccessKeyId",
                      Program(self.program, self.place, AWS_ACCESS_KEY_ID="nobody").fails("get", "s3://ckpt/a", self.folder / "f"))

    def test_what_is_not_there_is_said_so(self):
        for words in (["get", "s3://ckpt/none", self.folder / "f"], ["head", "s3://ckpt/none"], ["load", "s3://ckpt/none"],
                      ["fetch", "s3://ckpt/none", self.folder / "f"], ["get", "s3://nobucket/a", self.folder / "f"],
                      ["cp", "s3://ckpt/none", "s3://ckpt/b"]):
            with self.subTest(words):
                said = self.okibi.fails(*words)
                self.assertIn("404", said)
                self.assertIn(str(words[1]), said)

    def test_kill_in_the_middle_of_an_upload(self):
        self.store.put("ckpt", "killed", b"old")
        process = self.okibi.with_options("--part-size", 5 * MIB).start("stream", "s3://ckpt/killed", "-", stdin=subprocess.PIPE)
        process.stdin.write(made_bytes(12 * MIB, 1))
        process.stdin.flush()
        until(lambda: self.stored_parts("killed"), "a part that is stored")
        process.send_signal(signal.SIGKILL)
        self.okibi.finished(process)
        self.assertEqual(self.store.get("ckpt", "killed"), b"old")
        listed = self.okibi("uploads", "s3://ckpt/")
        self.assertIn("killed", listed)
        new = made_bytes(11 * MIB, 2)
        self.okibi("--part-size", 5 * MIB, "stream", "s3://ckpt/killed", self.file("new", new))
        self.assertEqual(self.store.get("ckpt", "killed"), new)
        self.okibi("abort", "s3://ckpt/killed", self.store.uploads("ckpt")[0])
        self.assertEqual(self.store.uploads("ckpt"), [])
        self.assertEqual(self.okibi("uploads", "s3://ckpt/"), "")

    def test_interrupt_in_the_middle_of_an_upload(self):
        self.store.put("ckpt", "stopped", b"old")
        process = self.okibi.with_options("--part-size", 5 * MIB).start("stream", "s3://ckpt/stopped", "-", stdin=subprocess.PIPE)
        process.stdin.write(made_bytes(12 * MIB, 1))
        process.stdin.flush()
        until(lambda: self.stored_parts("stopped"), "a part that is stored")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.okibi.finished(process).status, 130)
        self.assertEqual(self.store.get("ckpt", "stopped"), b"old")
        self.assertEqual(self.store.uploads("ckpt"), [])

    def stored_parts(self, key):
        uploads = self.store.uploads("ckpt")
        return uploads and self.store.request("GET", "ckpt", key, {"uploadId": uploads[0]}).texts("PartNumber")


class TlsGateway(Shared, unittest.TestCase):
    server = {"tls": True}

    def test_an_authority_that_is_not_trusted_is_refused(self):
        said = Program(self.program, self.place, AWS_CA_BUNDLE=None).fails("get", "s3://ckpt/a", self.folder / "f")
        self.assertIn("certificate", said)

    def test_the_authorities_can_be_an_option(self):
        self.store.put("ckpt", "a", b"text")
        Program(self.program, self.place, ["--ca-file", self.place.ca_file], AWS_CA_BUNDLE=None)("get", "s3://ckpt/a", self.folder / "f")
        self.assertEqual((self.folder / "f").read_bytes(), b"text")


class VirtualHostGateway(Shared, unittest.TestCase):
    server, options = {"virtual": True}, ["--force-virtual-host"]


class VirtualHostTlsGateway(Shared, unittest.TestCase):
    server, options = {"virtual": True, "tls": True}, ["--force-virtual-host"]
