#!/usr/bin/env python3
"""Each fault of the fault server, and those who lend keys, tested themselves."""
import http.client
import json
import socket
import time
import unittest

import credential_servers
import fault_server_test
import sign_v4
from sign_v4 import Key, Scope
from small_client import SmallClient


class EachFault(fault_server_test.WithServer):
    def setUp(self):
        super().setUp()
        self.text = b"0123456789" * 1000
        self.client.put("ckpt", "a", self.text)
        self.client.control("log", method="DELETE")

    def get(self, **headers):
        return self.client.request("GET", "ckpt", "a", headers=headers)

    def raw(self):
        """Body of a GET as far as it came, and how it ended: "whole", "reset" or "short"."""
        url = self.client.url("ckpt", "a")
        signed = sign_v4.sign("GET", url, {}, b"", self.key, Scope())
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        with socket.create_connection(("127.0.0.1", self.listener.port)) as sock:
            sock.settimeout(10)
            sock.sendall(f"GET /ckpt/a HTTP/1.1\r\n{head}\r\n".encode())
            data = b""
            try:
                while len(data.partition(b"\r\n\r\n")[2]) < len(self.text):
                    more = sock.recv(65536)
                    if not more:
                        return data.partition(b"\r\n\r\n")[2], "short"
                    data += more
            except ConnectionResetError:
                return data.partition(b"\r\n\r\n")[2], "reset"
        return data.partition(b"\r\n\r\n")[2], "whole"

    def test_statuses_come_in_their_order_and_as_often_as_was_said(self):
        self.faults({"op": "GetObject", "nth": 2, "do": "503", "times": 2, "retry_after": 7}, {"op": "HeadObject", "do": "500"})
        replies = [self.get() for _ in range(5)]
        self.assertEqual([reply.status for reply in replies], [200, 503, 503, 200, 200])
        self.assertEqual((replies[1].code, replies[1].headers["retry-after"]), ("SlowDown", "7"))
        self.assertEqual(len(self.client.control("faults")), 1)

    def test_faults_count_what_earlier_ones_left(self):
        self.faults({"op": "GetObject", "do": "503"}, {"op": "GetObject", "do": "500"})
        self.assertEqual([self.get().status for _ in range(3)], [503, 500, 200])

    def test_faults_choose_their_requests(self):
        self.faults({"key": "b*", "do": "500"}, {"ranged": True, "do": "429"}, {"op": ["PutObject"], "do": "502", "body": "<html>"})
        self.assertEqual(self.get().status, 200)
        self.assertEqual(self.get(range="bytes=0-1").status, 429)
        reply = self.client.request("PUT", "ckpt", "c", body=b"x")
        self.assertEqual((reply.status, reply.body), (502, b"<html>"))
        self.assertEqual(self.client.request("HEAD", "ckpt", "bb").status, 500)

    def test_unknown_faults_are_refused(self):
        reply = self.client.send("POST", f"{self.client.endpoint}/-/faults", {}, b'[{"do": "nonsense"}]')
        self.assertEqual(reply.status, 400)

    def test_a_wrong_signature_takes_no_fault(self):
        self.faults({"op": "GetObject", "do": "503"})
        self.assertEqual(self.client.request("GET", "ckpt", "a", signed=False).status, 403)
        self.assertEqual(self.get().status, 503)

    def test_resets(self):
        self.faults({"do": "reset"})
        with self.assertRaises(ConnectionResetError):
            self.get()
        self.assertEqual(self.get().status, 200)

    def test_early_answers_come_before_the_body(self):
        self.faults({"op": "PutObject", "do": "503", "early": True})
        url = self.client.url("ckpt", "b")
        signed = sign_v4.sign("PUT", url, {"Content-Length": "1000"}, sign_v4.UNSIGNED, self.key, Scope())
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        with socket.create_connection(("127.0.0.1", self.listener.port)) as sock:
            sock.sendall(f"PUT /ckpt/b HTTP/1.1\r\n{head}\r\n".encode())
            self.assertIn(b" 503 ", sock.recv(65536))

    def test_bodies_that_break_off(self):
        self.faults({"do": "cut", "bytes": 3000}, {"do": "truncate", "bytes": 3000}, {"do": "truncate", "bytes": 10 ** 9})
        body, end = self.raw()
        self.assertEqual(end, "reset")
        self.assertEqual(body, self.text[:len(body)])
        self.assertLessEqual(len(body), 3000)
        self.assertEqual(self.raw(), (self.text[:3000], "short"))
        self.assertEqual(self.raw(), (self.text[:-1], "short"))
        self.assertEqual(self.raw(), (self.text, "whole"))

    def test_stalls_and_slowness(self):
        self.faults({"do": "stall", "seconds": 0.3}, {"do": "stall", "bytes": 100, "seconds": 0.3}, {"do": "slow", "rate": 25000})
        for _ in range(3):
            begun = time.monotonic()
            self.assertEqual(self.get().body, self.text)
            self.assertGreater(time.monotonic() - begun, 0.25)

    def test_silence(self):
        self.faults({"do": "silence", "seconds": 0.2})
        self.assertEqual(self.raw(), (b"", "short"))

    def test_flipped_bytes(self):
        self.faults({"do": "flip", "at": 5}, {"op": "PutObject", "do": "flip_upload"})
        body = self.get().body
        self.assertEqual([at for at in range(len(body)) if body[at] != self.text[at]], [5])
        self.expect(self.client.request("PUT", "ckpt", "b", body=b"text"), 400, "XAmzContentSHA256Mismatch")
        self.assertEqual(self.get().body, self.text)

    def test_lost_answers_of_what_was_done(self):
        self.faults({"op": "PutObject", "do": "lose"}, {"op": "DeleteObject", "do": "lose"})
        with self.assertRaises(ConnectionResetError):
            self.client.put("ckpt", "b", b"there")
        self.assertEqual(self.client.get("ckpt", "b"), b"there")
        with self.assertRaises(ConnectionResetError):
            self.client.request("DELETE", "ckpt", "b")
        self.assertEqual(self.client.request("GET", "ckpt", "b").status, 404)

    def test_an_error_in_an_answer_of_200(self):
        self.faults({"op": "CopyObject", "do": "error200", "code": "SlowDown"})
        self.expect(self.client.request("PUT", "ckpt", "b", headers={"x-amz-copy-source": "/ckpt/a"}), 200, "SlowDown")
        self.assertEqual(self.client.request("GET", "ckpt", "b").status, 404)

    def test_keys_that_expire_and_clocks_that_differ(self):
        self.client.control("keys", {"access": "lent", "secret": "s", "token": "t"})
        lent = SmallClient(self.client.endpoint, Key("lent", "s", "t"))
        self.faults({"do": "skewed", "seconds": 5000}, {"do": "expired"}, {"do": "expired", "kill_key": True})
        reply = self.expect(lent.request("GET", "ckpt", "a"), 403, "RequestTimeTooSkewed")
        said = time.mktime(time.strptime(reply.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        self.assertAlmostEqual(said - time.time(), 5000, delta=60)
        self.expect(lent.request("GET", "ckpt", "a"), 400, "ExpiredToken")
        self.expect(lent.request("GET", "ckpt", "a"), 400, "ExpiredToken")
        self.expect(lent.request("GET", "ckpt", "a"), 400, "ExpiredToken")
        self.expect(self.get(), 200)

    def test_regions_and_redirects(self):
        self.faults({"do": "permanent", "region": "eu-west-1"}, {"do": "malformed", "region": "eu-west-1"},
                    {"do": "redirect", "location": "http://elsewhere.example/"})
        self.assertEqual(self.expect(self.get(), 301, "PermanentRedirect").headers["x-amz-bucket-region"], "eu-west-1")
        self.assertEqual(self.expect(self.get(), 400, "AuthorizationHeaderMalformed").texts("Region"), ["eu-west-1"])
        self.assertEqual(self.expect(self.get(), 307, "TemporaryRedirect").headers["location"], "http://elsewhere.example/")

    def test_answers_that_are_not_what_was_asked(self):
        self.faults({"do": "whole"}, {"do": "other_range", "by": 1}, {"do": "other_range", "by": 1, "lie": True},
                    {"do": "headers", "set": {"ETag": '"x"'}, "remove": ["content-range"]},
                    {"do": "headers", "remove": ["content-length"]})
        def got():
            reply = self.get(range="bytes=0-3")
            return reply.status, reply.headers.get("content-range"), reply.body
        self.assertEqual(got(), (200, None, self.text))
        self.assertEqual(got(), (206, "bytes 1-4/10000", b"1234"))
        self.assertEqual(got(), (206, "bytes 0-3/10000", b"1234"))
        reply = self.get(range="bytes=0-3")
        self.assertEqual((reply.headers["etag"], reply.headers.get("content-range"), reply.body), ('"x"', None, b"0123"))
        reply = self.get(range="bytes=0-3")
        self.assertEqual((reply.headers.get("content-length"), reply.body), (None, b"0123"))

    def test_objects_that_change_in_between(self):
        self.faults({"op": "GetObject", "do": "swap", "text": "another"}, {"op": "GetObject", "do": "delete"})
        self.assertEqual(self.get().body, self.text)
        self.assertEqual(self.get().body, b"another")
        self.assertEqual(self.get().status, 404)

    def test_what_is_no_http(self):
        self.faults({"do": "garbage"}, {"do": "endless_head"})
        with self.assertRaises(http.client.BadStatusLine):
            self.get()
        with self.assertRaises(http.client.HTTPException):
            self.get()

    def test_answers_without_end(self):
        self.faults({"do": "endless"})
        with socket.create_connection(("127.0.0.1", self.listener.port)) as sock:
            signed = sign_v4.sign("GET", self.client.url("ckpt", "a"), {}, b"", self.key, Scope())
            head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
            sock.sendall(f"GET /ckpt/a HTTP/1.1\r\n{head}\r\n".encode())
            self.assertGreater(sum(len(sock.recv(1 << 20)) for _ in range(100)), 1 << 20)

    def test_connections_that_are_closed_unsaid(self):
        self.faults({"do": "close"})
        connection = http.client.HTTPConnection("127.0.0.1", self.listener.port)
        signed = sign_v4.sign("GET", self.client.url("ckpt", "a"), {}, b"", self.key, Scope())
        connection.request("GET", "/ckpt/a", headers=signed)
        reply = connection.getresponse()
        self.assertEqual((reply.read(), reply.getheader("connection")), (self.text, None))
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
            connection.sock and connection.sock.settimeout(5)
            connection.auto_open = 0
            connection.request("GET", "/ckpt/a", headers=signed)
            connection.getresponse()

    def test_the_log_says_what_happened(self):
        self.faults({"do": "503"})
        self.get(range="bytes=0-9")
        self.get(range="bytes=0-9")
        log = self.client.control("log")
        self.assertEqual([(entry["op"], entry["range"], entry["status"], entry["fault"]) for entry in log],
                         [("GetObject", "bytes=0-9", 503, "503"), ("GetObject", "bytes=0-9", 206, None)])
        self.assertEqual((log[1]["sent"], log[1]["signed_by"]), (10, "faultkey"))


class Lenders(fault_server_test.WithServer):
    def ask(self, method, path, headers=None, body=b"", sign_as=None):
        url = f"http://127.0.0.1:{self.lenders.port}{path}"
        if sign_as:
            headers = sign_v4.sign(method, url, headers or {}, body, sign_as, Scope(service="sts"))
        return self.client.send(method, url, headers, body)

    def use(self, *key):
        return SmallClient(self.client.endpoint, Key(*key)).request("GET", "ckpt", "a")

    def test_the_token_service(self):
        form = (f"Action=AssumeRole&Version=2011-06-15&RoleArn={sign_v4.encoded(credential_servers.ROLE_ARN)}"
                "&RoleSessionName=tests&DurationSeconds=3600").encode()
        self.assertEqual(self.ask("POST", "/", {}, form).status, 403)
        self.assertEqual(self.ask("POST", "/", {}, form, Key("faultkey", "wrong")).status, 403)
        reply = self.ask("POST", "/", {}, form, self.key)
        self.assertEqual(reply.status, 200, reply.body)
        key = [reply.texts(name)[0] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        self.expect(self.use(*key), 404, "NoSuchKey")

    def test_a_web_identity(self):
        def form(token):
            return (f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=x&WebIdentityToken={token}"
                    f"&RoleArn={sign_v4.encoded(credential_servers.ROLE_ARN)}").encode()
        self.assertEqual(self.ask("POST", "/", {}, form("wrong")).status, 400)
        self.assertEqual(self.ask("POST", "/", {}, form(credential_servers.WEB_IDENTITY_TOKEN)).status, 200)

    def test_the_container_and_keys_that_expire(self):
        self.client.control("settings", {"lifetime": 0.3, "told_lifetime": 1000})
        self.assertEqual(self.ask("GET", "/container/x").status, 401)
        reply = self.ask("GET", "/container/x", {"Authorization": credential_servers.CONTAINER_TOKEN})
        lent = json.loads(reply.body)
        key = lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"]
        self.expect(self.use(*key), 404, "NoSuchKey")
        time.sleep(0.4)
        self.expect(self.use(*key), 400, "ExpiredToken")

    def test_the_machine(self):
        path = "/latest/meta-data/iam/security-credentials/"
        self.assertEqual(self.ask("GET", path).status, 401)
        token = self.ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).body.decode()
        headers = {"X-aws-ec2-metadata-token": token}
        role = self.ask("GET", path, headers).body.decode()
        lent = json.loads(self.ask("GET", path + role, headers).body)
        self.expect(self.use(lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"]), 404, "NoSuchKey")

    def test_the_portal(self):
        path = "/federation/credentials?account_id=123456789012&role_name=checkpoints"
        self.assertEqual(self.ask("GET", path, {"x-amz-sso_bearer_token": "x"}).status, 401)
        lent = json.loads(self.ask("GET", path, {"x-amz-sso_bearer_token": credential_servers.SSO_TOKEN}).body)["roleCredentials"]
        self.expect(self.use(lent["accessKeyId"], lent["secretAccessKey"], lent["sessionToken"]), 404, "NoSuchKey")

    def test_they_take_faults(self):
        self.faults({"op": "MachineToken", "do": "500"})
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        self.assertEqual([self.ask("PUT", "/latest/api/token", headers).status for _ in range(2)], [500, 200])


if __name__ == "__main__":
    unittest.main(verbosity=2)
