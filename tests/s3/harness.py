#!/usr/bin/env python3
"""Starts a server for tests, waits until it answers, makes a bucket, and ends it again, whatever happens.

As a program:  harness.py versitygw|faults [--tls] [--virtual] -- COMMAND…
runs COMMAND with AWS_* set so that s3://ckpt/… is that server, and exits as COMMAND does (77 where versitygw cannot be)."""
import argparse
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from sign_v4 import Key
from small_client import SmallClient

here = pathlib.Path(__file__).resolve().parent
BUCKET = "ckpt"
VIRTUAL_DOMAIN = "s3.localhost"
GATEWAY_KEY = Key("testkey", "test/secret+key")
FAULT_KEY = Key("faultkey", "fault/secret+key")


class Skipped(Exception):
    """versitygw cannot be had here; its script has said so."""


@dataclasses.dataclass
class Place:
    """A server that runs."""
    endpoint: str
    key: Key
    client: SmallClient
    folder: pathlib.Path  # scratch
    ca_file: str = ""
    lenders: str = ""  # the endpoint of the credential servers
    data: pathlib.Path | None = None  # where versitygw keeps its objects

    def environment(self, **more):
        """What a program needs to find it, and nothing of what this machine has of its own."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OKIBI_"))}
        clean |= {"AWS_ACCESS_KEY_ID": self.key.access, "AWS_SECRET_ACCESS_KEY": self.key.secret, "AWS_REGION": "us-east-1",
                  "AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
                  "AWS_CONFIG_FILE": str(self.folder / "no-config"),
                  "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials")}
        if self.ca_file:
            clean["AWS_CA_BUNDLE"] = self.ca_file
        clean |= more
        return {name: value for name, value in clean.items() if value is not None}


@contextlib.contextmanager
def versitygw(tls=False, virtual=False, key=GATEWAY_KEY):
    """Strict, with connections that are kept, its data in a scratch folder."""
    program = gateway_program()
    with scratch_folder() as folder:
        data, accounts = folder / "objects", folder / "accounts"
        data.mkdir()
        accounts.mkdir()
        words = [program, "--region", "us-east-1", "--keep-alive", "--quiet", "--iam-dir", accounts]
        words += certificate_of(folder, "--cert", "--key") if tls else []
        words += ["--virtual-domain", VIRTUAL_DOMAIN] if virtual else []
        settings = {"ROOT_ACCESS_KEY": key.access, "ROOT_SECRET_KEY": key.secret}
        with on_free_port(words, ["posix", *sidecar(folder, data), data], settings, folder) as port:
            place = place_at(port, tls, virtual, key, folder)
            place.data = data
            wait_until(lambda: place.client.make_bucket(BUCKET), "versitygw")
            yield place


@contextlib.contextmanager
def fault_server(tls=False, virtual=False, lenders=False, min_part=0, buckets=(BUCKET,)):
    with scratch_folder() as folder:
        words = [sys.executable, here / "fault_server.py", "--min-part", min_part]
        words += [word for name in buckets for word in ("--bucket", name)]
        words += ["--tls", *certificate_of(folder)] if tls else []
        words += ["--virtual-domain", VIRTUAL_DOMAIN] if virtual else []
        words += ["--with-credential-servers"] if lenders else []
        with running(words, stdout=subprocess.PIPE) as process:
            ports = json.loads(process.stdout.readline())
            place = place_at(ports["port"], tls, virtual, FAULT_KEY, folder)
            place.lenders = f"http://127.0.0.1:{ports['credentials_port']}" if lenders else ""
            yield place


def place_at(port, tls, virtual, key, folder):
    host = VIRTUAL_DOMAIN if virtual else "localhost" if tls else "127.0.0.1"
    scheme, ca_file = ("https", str(folder / "certificate.pem")) if tls else ("http", "")
    # Itself it always asks by path, at the plain address.
    client = SmallClient(f"{scheme}://{'localhost' if tls else '127.0.0.1'}:{port}", key, ca_file=ca_file or None)
    return Place(f"{scheme}://{host}:{port}", key, client, folder, ca_file)


def gateway_program():
    done = subprocess.run(["bash", here / "versitygw.sh"], stdout=subprocess.PIPE, text=True)
    if done.returncode == 77:
        raise Skipped
    if done.returncode:
        raise RuntimeError(f"versitygw.sh: exit status {done.returncode}")
    return done.stdout.strip()


def sidecar(folder, data):
    """versitygw keeps what it knows of objects in attributes of files; where the file system has none, beside them."""
    try:
        os.setxattr(data, "user.okibi", b"1")
        return []
    except OSError:
        (folder / "attributes").mkdir()
        return ["--sidecar", folder / "attributes"]


def certificate_of(folder, *options):
    """[certificate, key] with the options' names before them."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = f"subjectAltName=DNS:localhost,DNS:{VIRTUAL_DOMAIN},DNS:*.{VIRTUAL_DOMAIN},IP:127.0.0.1"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", names, "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    words = [certificate, key]
    return [word for pair in zip(options, words) for word in pair] if options else words


@contextlib.contextmanager
def scratch_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="okibi-s3."))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def on_free_port(words, more, settings, folder):
    """A port that was free may be another's a moment later: then the program ends, and another port is tried."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with open(folder / "server.log", "w") as log:
            with running([*words, "--port", f"127.0.0.1:{port}", *more], settings, stdout=log, stderr=log) as process:
                if listens(port, process):
                    yield port
                    return
    raise RuntimeError("the server does not start:\n" + (folder / "server.log").read_text()[-2000:])


def listens(port, process):
    for _ in range(400):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process.poll() is None
        except OSError:
            time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(words, settings=None, **options):
    """The program ends with this block, and with this process, however that ends."""
    process = subprocess.Popen([str(word) for word in words], env=os.environ | (settings or {}), stdin=subprocess.DEVNULL,
                               preexec_fn=end_with_parent, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(attempt, name, seconds=30):
    ends = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except (OSError, AssertionError) as error:
            if time.monotonic() > ends:
                raise RuntimeError(f"{name} does not answer: {error}") from error
            time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("server", choices=["versitygw", "faults"])
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--virtual", action="store_true")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options, command = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1:]
    if not command:
        parser.error("a command is wanted, after --")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = versitygw if options.server == "versitygw" else fault_server
    try:
        with start(tls=options.tls, virtual=options.virtual) as place:
            return subprocess.run(command, env=place.environment(OKIBI_S3_DATA=str(place.data or ""))).returncode
    except Skipped:
        return 77
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
