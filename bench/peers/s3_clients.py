"""Usage: s3_clients.py, with AWS_* in its environment, in a Python that has torch, boto3 and s3torchconnector. Reads jobs from
its input and answers each with one line of JSON, as s3_bench does: "load URI" and "save URI" of s3torchconnector, "buffer
URI" and "upload URI" through a buffer with boto3."""
import io
import json
import os
import resource
import sys
import time

import boto3
import torch
from s3torchconnector import S3Checkpoint, S3ClientConfig

endpoint = os.environ["AWS_ENDPOINT_URL_S3"]
connector = S3Checkpoint("us-east-1", endpoint=endpoint, s3client_config=S3ClientConfig(force_path_style=True))
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
made = {f"layers.{i}.weight": (torch.arange(4096 * 4096) ^ (i << 8)).float().reshape(4096, 4096) for i in range(16)}


def place(uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def load(uri):
    with connector.reader(uri) as reader:
        torch.load(reader, weights_only=True)


def save(uri):
    with connector.writer(uri) as writer:
        torch.save(made, writer)


def load_buffer(uri):
    torch.load(io.BytesIO(client.get_object(**place(uri))["Body"].read()), weights_only=True)


def upload_buffer(uri):
    buffer = io.BytesIO()
    torch.save(made, buffer)
    client.put_object(Body=buffer.getvalue(), **place(uri))


jobs = {"load": load, "save": save, "buffer": load_buffer, "upload": upload_buffer}
for line in sys.stdin:
    job, uri = line.split()
    before, start = time.process_time(), time.perf_counter()
    jobs[job](uri)
    passed = time.perf_counter() - start
    print(json.dumps({"seconds": passed, "cpu": time.process_time() - before,
                      "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)
