#!/usr/bin/env python3
"""okibi and the S3 clients that PyTorch's users have: written by one, read by the other, on versitygw. Run by hand, with a
Python that has torch, boto3 and s3torchconnector:  clients_test.py BUILD"""
import io
import os
import pathlib
import sys
import unittest
import urllib.request

import boto3
import s3torchconnector
import torch
from botocore.config import Config

import harness
from gateway_tests import crc, listed_keys, made_bytes
from program import Program

MIB = 1 << 20
program = pathlib.Path(sys.argv.pop(1)).resolve() / "s3_driver"


def some_state():
    torch.manual_seed(1)
    shared = torch.randn(700, 1000)
    return {"model": {"weight": shared, "rows": shared[100:200], "half": torch.randn(300, 5000).half()}, "epoch": 3,
            "names": ["a", "b"]}


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(harness.versitygw())
        cls.okibi, cls.folder = Program(program, cls.place, ["--part-size", 5 * MIB]), cls.place.folder
        for name, value in cls.place.environment().items():  # the connector reads its keys from there
            if name.startswith("AWS_"):
                os.environ[name] = value
        cls.boto = boto3.client("s3", endpoint_url=cls.place.endpoint, config=Config(signature_version="s3v4"))
        cls.connector = s3torchconnector.S3Checkpoint(
            "us-east-1", endpoint=cls.place.endpoint,
            s3client_config=s3torchconnector.S3ClientConfig(force_path_style=True, part_size=5 * MIB))

    def same(self, a, b):
        self.assertEqual(list(a["model"]), list(b["model"]))
        for name, tensor in a["model"].items():
            self.assertTrue(torch.equal(tensor, b["model"][name]), name)
        self.assertEqual((a["epoch"], a.get("names")), (b["epoch"], b.get("names")))

    def read_by_okibi(self, key, local):
        """As okibi reads the same bytes from a file."""
        self.assertEqual(self.okibi("load", f"s3://ckpt/{key}"), self.okibi("load", local))

    def test_written_by_okibi_read_by_the_connector(self):
        self.okibi("save", self.folder / "local.pth", 7, 18 * MIB)
        wanted = torch.load(self.folder / "local.pth", weights_only=True)
        for uri in ("s3://ckpt/okibi.pth", "s3://ckpt/epoch=3-step=4 a+b.pth"):
            self.okibi("save", uri, 7, 18 * MIB)
            with self.connector.reader(uri) as reader:
                got = torch.load(reader, weights_only=True)
            self.same(got, wanted)

    def test_written_by_okibi_read_by_boto3(self):
        body = made_bytes(18 * MIB, 1)
        (self.folder / "body").write_bytes(body)
        for how, key in (("put", "boto/a b"), ("stream", "boto/é+=")):
            self.okibi("--metadata", "epoch=7", how, f"s3://ckpt/{key}", self.folder / "body")
            got = self.boto.get_object(Bucket="ckpt", Key=key, ChecksumMode="ENABLED")  # boto3 compares the checksum
            self.assertEqual((got["Body"].read(), got["Metadata"], got["ChecksumCRC32"]), (body, {"epoch": "7"}, crc(body)))
        listed = [entry["Key"] for entry in self.boto.list_objects_v2(Bucket="ckpt", Prefix="boto/")["Contents"]]
        self.assertEqual(listed, listed_keys(self.okibi("ls", "s3://ckpt/boto/")))

    def test_written_by_the_connector_read_by_okibi(self):
        torch.save(some_state(), self.folder / "theirs.pth")
        with self.connector.writer("s3://ckpt/theirs.pth") as writer:
            torch.save(some_state(), writer)
        self.read_by_okibi("theirs.pth", self.folder / "theirs.pth")

    def test_written_by_boto3_read_by_okibi(self):
        buffer = io.BytesIO()
        torch.save(some_state(), buffer)
        (self.folder / "boto.pth").write_bytes(buffer.getvalue())
        self.boto.put_object(Bucket="ckpt", Key="put.pth", Body=buffer.getvalue())
        self.read_by_okibi("put.pth", self.folder / "boto.pth")
        large = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
        self.boto.upload_file(str(self.folder / "boto.pth"), "ckpt", "uploaded.pth", Config=large)
        self.read_by_okibi("uploaded.pth", self.folder / "boto.pth")
        url = self.boto.generate_presigned_url("get_object", Params={"Bucket": "ckpt", "Key": "put.pth"}, ExpiresIn=60)
        self.assertEqual(self.okibi("load", url), self.okibi("load", self.folder / "boto.pth"))

    def test_there_and_back_again(self):
        """boto3's object, copied by okibi, read by the connector."""
        buffer = io.BytesIO()
        torch.save(some_state(), buffer)
        self.boto.put_object(Bucket="ckpt", Key="one.pth", Body=buffer.getvalue())
        self.okibi("cp", "s3://ckpt/one.pth", "s3://ckpt/two.pth")
        with self.connector.reader("s3://ckpt/two.pth") as reader:
            self.same(torch.load(reader, weights_only=True), some_state())
        self.assertEqual(urllib.request.urlopen(self.okibi("presign", "s3://ckpt/two.pth", 60).strip()).read(), buffer.getvalue())

    def test_uploads_that_boto3_left_are_seen_and_cleared(self):
        begun = self.boto.create_multipart_upload(Bucket="ckpt", Key="left.pth")["UploadId"]
        self.assertIn(begun, self.okibi("uploads", "s3://ckpt/"))
        self.okibi("abort", "s3://ckpt/left.pth", begun)
        self.assertNotIn("Uploads", self.boto.list_multipart_uploads(Bucket="ckpt"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
