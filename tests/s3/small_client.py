"""A small S3 client for tests: signs, sends one request, gives what came. It tries nothing again."""
import http.client
import json
import socket
import ssl
import time
import urllib.parse
from xml.etree import ElementTree

import sign_v4
from sign_v4 import Scope, encoded


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def code(self):
        """Of an <Error>; "" where there is none."""
        found = ElementTree.fromstring(self.body).find("Code") if self.body.startswith(b"<?xml") else None
        return "" if found is None else found.text

    def texts(self, name):
        """The texts of all elements of that name in an answer of XML."""
        return [each.text or "" for each in ElementTree.fromstring(self.body).iter() if each.tag.rpartition("}")[2] == name]


class SmallClient:
    def __init__(self, endpoint, key, region="us-east-1", ca_file=None, clock_offset=0):
        self.endpoint, self.key, self.region, self.ca_file, self.clock_offset = endpoint, key, region, ca_file, clock_offset

    def url(self, bucket, key="", query=None):
        path = f"/{encoded(bucket)}" + (f"/{encoded(key, slashes=True)}" if key else "")
        return self.endpoint + path + (f"?{sign_v4.canonical_query((query or {}).items())}" if query else "")

    def request(self, method, bucket, key="", query=None, headers=None, body=b"", payload=None, signed=True):
        """payload: what is signed as the body, where that is another thing."""
        url = self.url(bucket, key, query)
        scope = Scope(self.region, now=time.time() + self.clock_offset)
        sent = dict(headers or {})
        if signed:
            sent = sign_v4.sign(method, url, sent, body if payload is None else payload, self.key, scope)
        return self.send(method, url, sent, body)

    def send(self, method, url, headers=None, body=b""):
        parts = urllib.parse.urlsplit(url)
        connection = self.connection(parts)
        try:
            connection.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""), skip_accept_encoding=True,
                                  skip_host="host" in (headers or {}))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if method in ("PUT", "POST"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def connection(self, parts):
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            made = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=30, context=context)
        else:
            made = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        if parts.hostname.endswith(".localhost"):  # is this machine, which not every resolver knows
            made._create_connection = lambda address, *more: socket.create_connection(("127.0.0.1", address[1]), *more)
        return made

    # What tests do most.

    def put(self, bucket, key, body):
        return self.checked(self.request("PUT", bucket, key, body=body))

    def get(self, bucket, key):
        return self.checked(self.request("GET", bucket, key)).body

    def make_bucket(self, bucket):
        return self.checked(self.request("PUT", bucket))

    def uploads(self, bucket):
        return self.checked(self.request("GET", bucket, query={"uploads": ""})).texts("UploadId")

    def checked(self, reply):
        if reply.status >= 300:
            raise AssertionError(f"status {reply.status}: {reply.body[:500]!r}")
        return reply

    # The control of the fault server.

    def control(self, what, given=None, method=None):
        method = method or ("GET" if given is None else "POST")
        reply = self.send(method, f"{self.endpoint}/-/{what}", {}, b"" if given is None else json.dumps(given).encode())
        return json.loads(self.checked(reply).body)
