"""Usage: s3.py BUILD PYTHON [load|save]. What bench/s3.sh built, measured against versitygw on this machine: directly, and over a
link of 30 ms that carries 50 MB/s a connection. Prints Markdown tables; each figure is the median of alternating runs. With a
word, only okibi and the bare client, directly."""
import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import zlib

import measure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/s3"))
import harness  # noqa: E402
import sign_v4  # noqa: E402

RUNS = int(os.environ.get("RUNS", 5))
GIB, PART = 1 << 30, 8 << 20
ROUND_TRIP_MS, RATE = 30, 50_000_000
build, python = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
only = sys.argv[3] if len(sys.argv) > 3 else ""
here = pathlib.Path(__file__).resolve().parent


def crc_of(part, times=1):
    """As S3's headers have it."""
    crc = 0
    for _ in range(times):
        crc = zlib.crc32(part, crc)
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


class Worker:
    """A program that reads jobs and answers each with a line of JSON."""

    def __init__(self, words, environment):
        self.process = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, job):
        self.process.stdin.write(job + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended at the job {job}")
        return json.loads(line)

    def close(self):
        """Only then is its processor time known as ours."""
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def slow_link(port):
    words = [build / "slow_link", str(port), str(ROUND_TRIP_MS // 2), str(RATE)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


class Link:
    """The store, by one way to it."""

    def __init__(self, place, endpoint):
        self.place, self.endpoint = place, endpoint
        self.environment = place.environment(AWS_ENDPOINT_URL_S3=endpoint)
        self.okibi = Worker([build / "s3_bench"], self.environment)
        self.clients = Worker([python, here / "peers/s3_clients.py"], self.environment)
        self.bare = Worker([build / "bare_s3"], self.environment)
        self.okibi.ask("make x")

    def close(self):
        for worker in (self.okibi, self.clients, self.bare):
            worker.close()

    def with_memory(self, job):
        """For everyone, memory that was in use a moment before."""
        self.bare.ask(f"touch - {3 * GIB}")
        return job()

    def presigned(self, method, key, query=None, headers=None):
        url = self.endpoint + f"/{harness.BUCKET}/{key}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        return sign_v4.presign(method, url, self.place.key, sign_v4.Scope("us-east-1", now=sign_v4.time.time()), 3600, headers)

    def bare_get(self, key):
        return self.bare.ask(f"get {self.presigned('GET', key)} {self.size(key)}")

    def size(self, key):
        reply = self.place.client.checked(self.place.client.request("HEAD", harness.BUCKET, key))
        return int({name.lower(): value for name, value in reply.headers.items()}["content-length"])

    def bare_put(self, key):
        """The same requests as okibi's, but for the first, which is not timed: parts with a CRC-32, which nobody computes here, and
        the end of the upload, at which the store puts them together and checks the CRC-32 of the whole."""
        kind = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"}
        upload = self.ask_store("POST", key, {"uploads": ""}, kind).texts("UploadId")[0]
        part = bytes([7]) * PART  # as bare_s3 fills its memory
        headers = {"x-amz-checksum-crc32": crc_of(part)}
        urls = self.place.folder / "urls"
        urls.write_text("".join(self.presigned("PUT", key, {"partNumber": i + 1, "uploadId": upload}, headers) + "\n" for i in range(GIB // PART)))
        answer = self.bare.ask(f"put {urls} {headers['x-amz-checksum-crc32']}")
        etags = self.ask_store("GET", key, {"uploadId": upload}).texts("ETag")
        parts = "".join(f"<Part><PartNumber>{i + 1}</PartNumber><ETag>{etag}</ETag><ChecksumCRC32>{headers['x-amz-checksum-crc32']}</ChecksumCRC32></Part>"
                        for i, etag in enumerate(etags))
        whole = {"x-amz-checksum-crc32": crc_of(part, GIB // PART), "x-amz-checksum-type": "FULL_OBJECT"}
        start = time.perf_counter()
        self.ask_store("POST", key, {"uploadId": upload}, whole, f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode())
        return answer | {"seconds": answer["seconds"] + time.perf_counter() - start}

    def ask_store(self, method, key, query, headers=None, body=b""):
        return self.place.client.checked(self.place.client.request(method, harness.BUCKET, key, query, headers, body))

    def jobs(self):
        uri = f"s3://{harness.BUCKET}/one.pth"
        return {"okibi load": lambda: self.okibi.ask(f"load {uri}"), "bare get": lambda: self.bare_get("one.pth"),
                "connector load": lambda: self.clients.ask(f"load {uri}"), "boto3 load": lambda: self.clients.ask(f"buffer {uri}"),
                "okibi save": lambda: self.okibi.ask(f"save {uri}"), "bare put": lambda: self.bare_put("bare"),
                "connector save": lambda: self.clients.ask(f"save {uri}"), "boto3 save": lambda: self.clients.ask(f"upload {uri}")}

    def measure(self, *groups):
        """Those of a group in turn."""
        jobs, found = self.jobs(), {}
        for names in groups:
            found |= measure.alternate(RUNS, {name: lambda name=name: self.with_memory(jobs[name]) for name in names})
        return {name: measured(results) for name, results in found.items()}


def measured(results):
    return {figure: measure.median([result[figure] for result in results]) for figure in results[0]}


def row(what, ours, peer, name, aim):
    share = f"{peer['seconds'] / ours['seconds']:.2f}x as fast"
    cpu = f"{ours['cpu']:.2f} / {peer['cpu']:.2f}" if "cpu" in peer else f"{ours['cpu']:.2f}"
    print(f"| {what} | {ours['seconds']:.2f} s | {name}: {peer['seconds']:.2f} s | {share} | {aim} | {cpu} |")


def table(title, t):
    print(f"\n{title}\n\n| 1 GiB | okibi | peer | okibi is | aim | CPU seconds, okibi / peer |\n|---|---:|---:|---:|---|---:|")
    peers = {"load": [("bare get", "bare client", "0.9x"), ("connector load", "s3torchconnector + torch.load", "4x on loopback"),
                      ("boto3 load", "boto3 + torch.load", "")],
             "save": [("bare put", "bare client", "0.95x"), ("connector save", "s3torchconnector + torch.save", "1.5x"),
                      ("boto3 save", "torch.save + boto3", "")]}
    for what, others in peers.items():
        for name, words, aim in others:
            if name in t and f"okibi {what}" in t:
                row(what, t[f"okibi {what}"], t[name], words, aim)


def fresh_peak(link, job):
    worker = Worker([build / "s3_bench"], link.environment)
    before = worker.ask("make x")["peak"] if job.startswith("save") else GIB >> 20
    peak = worker.ask(job)["peak"]
    worker.close()
    return peak - before


def measure_one(place):
    link = Link(place, place.endpoint)
    if only == "load":
        link.okibi.ask(f"save s3://{harness.BUCKET}/one.pth")
    table("Directly, and nobody else:", link.measure([f"okibi {only}", "bare get" if only == "load" else "bare put"]))
    link.close()


def measure_all(place):
    uri = f"s3://{harness.BUCKET}/one.pth"
    link = Link(place, place.endpoint)
    link.okibi.ask(f"save {uri}")
    table("Directly:", link.measure(["okibi load", "bare get", "connector load", "boto3 load"],
                                    ["okibi save", "bare put", "connector save", "boto3 save"]))
    print(f"\nMemory beside the tensors: load {fresh_peak(link, f'load {uri}')} MiB (aim 64), save "
          f"{fresh_peak(link, f'save s3://{harness.BUCKET}/other.pth')} MiB (aim 80: part size x connections + 16).")
    with slow_link(urllib.parse.urlsplit(place.endpoint).port) as slow_port:
        far = Link(place, f"http://127.0.0.1:{slow_port}")
        table(f"Over a link of {ROUND_TRIP_MS} ms that carries {RATE // 10**6} MB/s a connection:",
              far.measure(["okibi load", "bare get", "connector load"], ["okibi save", "bare put", "connector save"]))
        far.close()
    link.close()


machine = measure.Machine()
with harness.versitygw() as place:
    measure_one(place) if only else measure_all(place)
print(f"\nMedians of {RUNS} alternating runs, the server on the same two cores. {machine.verdict()}")
