"""okibi and a store that misbehaves: each fault alone, in each direction."""
import re
import signal
import socket
import threading
import time
import unittest

import fault_server
import harness
from gateway_tests import ODD_KEYS, crc, listed_keys, made_bytes
from program import Program, until

KIB, MIB = 1 << 10, 1 << 20
PART = 256 * KIB  # small parts, since this server takes them: many requests without many bytes
SIZE = 5 * PART + 777

# What may pass, and what of it goes with which operation.
PASSING = [{"do": "500"}, {"do": "502", "body": "<html>bad gateway</html>"}, {"do": "503"}, {"do": "503", "code": "ServiceUnavailable"},
           {"do": "504", "body": ""}, {"do": "429"}, {"do": "400", "code": "RequestTimeout"}, {"do": "503", "retry_after": 1},
           {"do": "reset"}, {"do": "silence", "seconds": 5}, {"do": "stall", "seconds": 5}, {"do": "garbage"}, {"do": "close"},
           {"do": "skewed", "seconds": 600}, {"do": "endless"}]
PASSING_UP = PASSING + [{"do": "503", "early": True}, {"do": "reset", "early": True}, {"do": "lose"}, {"do": "flip_upload"}]
PASSING_DOWN = PASSING + [{"do": "cut", "bytes": 1000}, {"do": "cut", "bytes": 100 * KIB}, {"do": "truncate", "bytes": 0},
                          {"do": "truncate", "bytes": 100 * KIB}, {"do": "stall", "bytes": 100 * KIB, "seconds": 5},
                          {"do": "slow", "rate": 4 * MIB}]


def take_slowly(server, rate):
    """One request's body, as a thin line brings it; then an answer that all is well."""
    connection, _ = server.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        if b"100-continue" in head:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
        while left > 0:
            got = len(connection.recv(min(left, rate // 20)))
            left -= got
            time.sleep(got / rate)
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 0\r\n\r\n')


class Faulty(unittest.TestCase):
    program, server = None, {}
    options = ["--part-size", PART, "--concurrency", 4, "--stall-ms", 400, "--connect-ms", 2000]

    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(harness.fault_server(lenders=True, **cls.server))
        cls.okibi = Program(cls.program, cls.place, cls.options)
        cls.store, cls.folder = cls.place.client, cls.place.folder

    def setUp(self):
        self.store.control("reset", {})

    def tearDown(self):
        self.assertEqual([entry for entry in self.log() if entry["status"] == fault_server.BUG], [])

    def file(self, name, body=b""):
        path = self.folder / name
        path.write_bytes(body)
        return path

    def faults(self, *faults):
        self.store.control("faults", list(faults))

    def log(self, operation=None):
        return [entry for entry in self.store.control("log") if operation in (None, entry["op"])]

    def clear_log(self):
        self.store.control("log", method="DELETE")

    def nothing_left(self):
        self.assertEqual(self.store.control("state")["uploads"], [])

    def came_back(self, how, key, body, okibi=None):
        (okibi or self.okibi)(how, f"s3://ckpt/{key}", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), body)


class Uploads(Faulty):
    def test_each_fault_that_may_pass_is_healed_at_each_step(self):
        body = made_bytes(SIZE, 1)
        self.file("body", body)
        for operation, nth in (("CreateMultipartUpload", 1), ("UploadPart", 1), ("UploadPart", 4),
                               ("CompleteMultipartUpload", 1)):
            for fault in PASSING_UP:
                with self.subTest(f"{operation} {nth}: {fault}"):
                    self.store.control("reset", {})
                    self.store.put("ckpt", "a", b"old")
                    self.faults({"op": operation, "nth": nth} | fault)
                    self.okibi("stream", "s3://ckpt/a", self.folder / "body")
                    self.assertEqual(self.store.get("ckpt", "a"), body)
                    self.assertEqual(self.store.control("faults"), [])
                    # An upload that was begun, and of which nobody heard, stays.
                    self.assertLessEqual(len(self.store.control("state")["uploads"]), fault["do"] in ("lose", "stall"))

    def test_each_fault_that_may_pass_is_healed_for_a_whole_object(self):
        body = made_bytes(PART // 2, 1)
        self.file("body", body)
        for fault in PASSING_UP:
            with self.subTest(f"{fault}"):
                self.store.control("reset", {})
                self.faults({"op": "PutObject"} | fault)
                self.okibi("put", "s3://ckpt/a", self.folder / "body")
                self.assertEqual(self.store.get("ckpt", "a"), body)

    def test_an_error_within_an_answer_of_200_is_no_success(self):
        body = made_bytes(SIZE, 1)
        for code in ("InternalError", "SlowDown"):
            self.faults({"op": "CompleteMultipartUpload", "do": "error200", "code": code, "times": 2})
            self.okibi("stream", "s3://ckpt/a", self.file("body", body))
            self.assertEqual(self.store.get("ckpt", "a"), body)
        self.faults({"op": "CompleteMultipartUpload", "do": "error200", "code": "AccessDenied", "times": -1})
        self.assertIn("AccessDenied", self.okibi.fails("stream", "s3://ckpt/a", self.file("body", b"2" * SIZE)))
        self.assertEqual(self.store.get("ckpt", "a"), body)
        self.nothing_left()

    def test_a_copy_that_fails_within_an_answer_of_200_is_no_success(self):
        self.store.put("ckpt", "from", b"text")
        self.faults({"op": "CopyObject", "do": "error200", "times": 2})
        self.okibi("cp", "s3://ckpt/from", "s3://ckpt/to")
        self.assertEqual(self.store.get("ckpt", "to"), b"text")

    def test_what_does_not_pass_leaves_the_old_object_and_no_upload(self):
        self.file("body", made_bytes(SIZE, 1))
        okibi = self.okibi.with_options("--attempts", 3)
        for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
            for fault, told in (({"do": "503"}, "SlowDown"), ({"do": "reset"}, operation), ({"do": "403"}, "AccessDenied"),
                                ({"do": "flip_upload"}, "BadDigest"), ({"do": "400", "code": "InvalidArgument"}, "InvalidArgument")):
                if (operation, fault["do"]) in (("CreateMultipartUpload", "flip_upload"), ("CompleteMultipartUpload", "flip_upload")):
                    continue
                with self.subTest(f"{operation}: {fault}"):
                    self.store.control("reset", {})
                    self.store.put("ckpt", "a", b"old")
                    self.faults({"op": operation, "times": -1} | fault)
                    said = okibi.fails("stream", "s3://ckpt/a", self.folder / "body")
                    self.assertIn(told, said)
                    self.assertIn("s3://ckpt/a", said)
                    if "REQUEST" in str(self.log(operation)[-1]):
                        self.assertIn("REQUEST", said)
                    self.assertEqual(self.store.get("ckpt", "a"), b"old")
                    self.nothing_left()

    def test_what_can_never_pass_is_not_tried_again(self):
        self.file("body", b"x")
        for code in ("AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId"):
            self.store.control("reset", {})
            self.faults({"op": "PutObject", "do": "403", "code": code, "times": -1})
            self.assertIn(code, self.okibi.fails("put", "s3://ckpt/a", self.folder / "body"))
            self.assertEqual(len(self.log("PutObject")), 1)

    def test_the_request_of_an_error_can_be_found_at_the_store(self):
        self.faults({"op": "PutObject", "do": "403", "times": -1})
        said = self.okibi.fails("put", "s3://ckpt/a", self.file("body", b"x"))
        for text in ("REQUEST000000001", "403", "AccessDenied", "PutObject", "s3://ckpt/a", "faultkey"):
            self.assertIn(text, said)

    def test_a_lost_answer_to_complete_is_found_out(self):
        body = made_bytes(SIZE, 1)
        for options in ([], ["--if-none-match"]):
            self.store.control("reset", {})
            self.faults({"op": "CompleteMultipartUpload", "do": "lose"})
            self.okibi(*options, "stream", "s3://ckpt/a", self.file("body", body))
            self.assertEqual(self.store.get("ckpt", "a"), body)
            self.nothing_left()

    def test_a_lost_answer_to_a_put_that_must_be_the_first_is_found_out(self):
        self.faults({"op": "PutObject", "do": "lose"})
        self.okibi("--if-none-match", "put", "s3://ckpt/a", self.file("body", b"mine"))
        self.assertEqual(self.store.get("ckpt", "a"), b"mine")

    def test_one_that_was_not_the_first_is_a_mismatch_even_after_a_lost_answer(self):
        self.store.put("ckpt", "a", b"theirs")
        self.faults({"op": "PutObject", "do": "reset"})
        self.assertIn("412", self.okibi.fails("--if-none-match", "put", "s3://ckpt/a", self.file("body", b"mine")))
        self.faults({"op": "CompleteMultipartUpload", "do": "reset"})
        self.assertIn("412", self.okibi.fails("--if-none-match", "stream", "s3://ckpt/a", self.file("body", made_bytes(SIZE, 1))))
        self.assertEqual(self.store.get("ckpt", "a"), b"theirs")
        self.nothing_left()

    def test_an_upload_that_someone_aborted_is_an_error(self):
        self.store.put("ckpt", "a", b"old")
        self.faults({"op": "CompleteMultipartUpload", "do": "404", "code": "NoSuchUpload", "times": -1})
        self.assertIn("NoSuchUpload", self.okibi.fails("stream", "s3://ckpt/a", self.file("body", made_bytes(SIZE, 1))))
        self.assertEqual(self.store.get("ckpt", "a"), b"old")

    def test_checksums_go_with_each_part_and_the_whole(self):
        body = made_bytes(SIZE, 1)
        self.okibi("stream", "s3://ckpt/a", self.file("body", body))
        parts = self.log("UploadPart")
        self.assertEqual(len(parts), 6)
        for entry in parts:
            at = (entry["part"] - 1) * PART
            self.assertEqual(entry["headers"]["x-amz-checksum-crc32"], crc(body[at:at + PART]))
        complete = self.log("CompleteMultipartUpload")[0]["headers"]
        self.assertEqual((complete["x-amz-checksum-crc32"], complete["x-amz-mp-object-size"]), (crc(body), str(SIZE)))
        self.assertEqual(complete["x-amz-checksum-type"], "FULL_OBJECT")

    def test_headers_of_options_arrive(self):
        options = ["--storage-class", "STANDARD_IA", "--sse", "AES256", "--metadata", "a=b c", "--content-type", "x/y"]
        for how, size in (("put", 10), ("stream", SIZE)):
            self.okibi(*options, how, "s3://ckpt/a", self.file("body", made_bytes(size, 1)))
            self.assertEqual(self.store.control("state")["objects"]["ckpt/a"]["kept"],
                             {"x-amz-storage-class": "STANDARD_IA", "x-amz-server-side-encryption": "AES256",
                              "x-amz-meta-a": "b c", "content-type": "x/y"})

    def test_no_more_requests_at_a_time_than_were_allowed(self):
        self.faults({"op": "UploadPart", "do": "stall", "seconds": 0.1, "times": -1})
        self.okibi("--concurrency", 3, "stream", "s3://ckpt/a", self.file("body", made_bytes(3 * SIZE, 1)))
        self.assertEqual(self.store.control("state")["peak"], 3)

    def test_an_upload_that_lies_in_the_socket_for_long_is_not_cut_off(self):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * KIB)
            server.bind(("127.0.0.1", 0))
            server.listen()
            threading.Thread(target=take_slowly, args=(server, 150 * KIB), daemon=True).start()
            endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
            okibi = Program(self.program, self.place, ["--attempts", 1, "--stall-ms", 1500], AWS_ENDPOINT_URL_S3=endpoint)
            begun = time.monotonic()
            okibi("put", "s3://ckpt/a", self.file("body", bytes(900 * KIB)))
            self.assertGreater(time.monotonic() - begun, 4)


class Downloads(Faulty):
    def setUp(self):
        super().setUp()
        self.body = made_bytes(SIZE, 2)
        self.store.put("ckpt", "a", self.body)
        self.clear_log()

    def test_each_fault_that_may_pass_is_healed_at_each_step(self):
        for how in ("get", "fetch"):
            for nth in (1, 2, 5):
                for fault in PASSING_DOWN:
                    with self.subTest(f"{how} {nth}: {fault}"):
                        self.setUp()
                        self.faults({"op": ["GetObject", "HeadObject"], "nth": nth} | fault)
                        self.came_back(how, "a", self.body)

    def test_a_range_that_breaks_off_goes_on_from_its_last_byte(self):
        self.faults({"op": "GetObject", "nth": 2, "ranged": True, "do": "truncate", "bytes": 100_000})
        self.came_back("fetch", "a", self.body)
        sent = sum(entry["sent"] for entry in self.log("GetObject") if entry["fault"] is None)
        self.assertLess(sent, SIZE + PART - 50_000)

    def test_many_short_pieces_are_progress_not_failure(self):
        self.faults({"op": "GetObject", "nth": 2, "do": "truncate", "bytes": 20_000, "times": 40})
        self.came_back("fetch", "a", self.body)

    def test_an_object_that_is_replaced_while_it_is_read_is_an_error(self):
        other = made_bytes(SIZE, 3)
        self.store.put("ckpt", "other", other)
        for how in ("get", "fetch"):
            for nth in (1, 2, 3):
                with self.subTest(f"{how} {nth}"):
                    self.store.put("ckpt", "a", self.body)
                    self.faults({"op": "GetObject", "nth": nth, "do": "swap", "with": "other"})
                    done = self.okibi.run(how, "s3://ckpt/a", self.folder / "back")
                    if done.status == 0:
                        self.assertIn((self.folder / "back").read_bytes(), (self.body, other))
                    else:
                        self.assertIn("replaced", done.err)

    def test_later_ranges_name_the_version_that_the_first_one_found(self):
        self.came_back("fetch", "a", self.body)
        etag = self.store.control("state")["objects"]["ckpt/a"]["etag"]
        ranged = self.log("GetObject")
        self.assertEqual({entry["if_match"] for entry in ranged[1:]}, {etag})

    def test_an_answer_that_is_not_what_was_asked_is_never_taken(self):
        for fault in ({"do": "whole"}, {"do": "other_range", "by": 7}, {"do": "other_range", "by": -7},
                      {"do": "headers", "remove": ["content-range"]}, {"do": "headers", "set": {"Content-Range": "bytes 0-0/1"}},
                      {"do": "headers", "set": {"Content-Range": "nonsense"}}, {"do": "headers", "set": {"ETag": '"another"'}},
                      {"do": "headers", "set": {"Content-Range": "bytes 0-99999999999999999999/99999999999999999999"}}):
            for times in (1, -1):
                for nth in (1, 2):
                    with self.subTest(f"{fault} {nth} {times}"):
                        self.faults({"op": "GetObject", "ranged": True, "nth": nth, "times": times} | fault)
                        done = self.okibi.run("--attempts", 3, "fetch", "s3://ckpt/a", self.folder / "back")
                        if done.status == 0:
                            self.assertEqual((self.folder / "back").read_bytes(), self.body)

    def test_wrong_bytes_of_a_checkpoint_are_found_by_their_crc(self):
        self.okibi("save", "s3://ckpt/c.pth", 3, SIZE)
        for fault in ({"do": "flip", "at": 100_000}, {"do": "other_range", "by": 1, "lie": True}):
            self.faults({"op": "GetObject", "times": -1} | fault)
            self.okibi.fails("load", "s3://ckpt/c.pth")

    def test_answers_without_a_length_and_without_an_end(self):
        self.faults({"op": "GetObject", "nth": 2, "do": "headers", "remove": ["content-length"]})
        self.came_back("fetch", "a", self.body)
        for fault in ({"do": "endless", "status": 500}, {"do": "endless", "status": 200}, {"do": "endless_head"}):
            self.faults({"times": -1} | fault)
            self.okibi.fails("--attempts", 2, "ls", "s3://ckpt/")
        self.faults({"do": "endless_tail", "times": -1})
        self.assertIn("headers have no end", self.okibi.fails("--attempts", 2, "ls", "s3://ckpt/"))

    def test_answers_that_trickle_are_given_up(self):
        for where in ("head", "body"):
            self.faults({"do": "trickle", "in": where, "times": -1})
            begun = time.monotonic()
            said = self.okibi.fails("--attempts", 2, "ls", "s3://ckpt/")
            self.assertRegex(said, "only [0-9]+ bytes came or went in")
            self.assertLess(time.monotonic() - begun, 10)
        self.faults({"op": "GetObject", "nth": 2, "do": "slow", "rate": 100})
        self.came_back("fetch", "a", self.body)

    def test_a_head_with_a_line_that_is_too_long_is_told_as_one(self):
        self.faults({"op": "GetObject", "do": "headers", "set": {"x-long": "x" * 150_000}, "times": -1})
        self.assertIn("a line of the answer's head is too long", self.okibi.fails("--attempts", 2, "get", "s3://ckpt/a", self.folder / "back"))

    def test_regions_are_found(self):
        self.store.control("buckets", {"name": "far", "region": "eu-west-3"})
        self.okibi("put", "s3://far/a", self.file("f", b"text"))
        self.okibi("get", "s3://far/a", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), b"text")
        self.assertIn("eu-west-3", self.okibi("presign", "s3://far/a", 60) + self.okibi("--region", "eu-west-3", "presign", "s3://far/a", 60))
        self.faults({"do": "permanent", "region": "us-east-1", "times": -1})
        self.assertIn("PermanentRedirect", self.okibi.fails("get", "s3://ckpt/a", self.folder / "back"))

    def test_redirects_are_not_followed_blindly(self):
        with harness.fault_server() as elsewhere:
            for status in ("301", "302", "307", "308"):
                self.faults({"do": "redirect", "status": status, "location": f"{elsewhere.endpoint}/ckpt/a?secret=x", "times": -1})
                said = self.okibi.fails("get", "s3://ckpt/a", self.folder / "back")
                self.assertNotIn("secret=x", said)
            self.assertEqual(elsewhere.client.control("log"), [])

    def test_a_wrong_clock_is_corrected(self):
        for offset in (-4000, 4000):
            self.setUp()
            self.store.control("settings", {"clock_offset": offset})
            self.came_back("get", "a", self.body)
            self.okibi("put", "s3://ckpt/b", self.file("f", b"x"))

    def test_retry_after_is_waited_for(self):
        self.faults({"op": ["GetObject", "HeadObject"], "do": "503", "retry_after": 2})
        begun = time.monotonic()
        self.came_back("get", "a", self.body)
        self.assertGreater(time.monotonic() - begun, 2)

    def test_public_buckets_need_no_key(self):
        self.store.control("buckets", {"name": "open", "public": True})
        self.store.put("open", "a", self.body)
        nobody = Program(self.program, self.place, [*self.options, "--unsigned"], AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)
        nobody("fetch", "s3://open/a", self.folder / "back")
        self.assertEqual((self.folder / "back").read_bytes(), self.body)
        self.assertIn("403", nobody.fails("get", "s3://ckpt/a", self.folder / "back"))

    def test_those_who_pay_and_owners(self):
        self.store.control("buckets", {"name": "paid", "requester_pays": True})
        self.okibi("--requester-pays", "put", "s3://paid/a", self.file("f", b"text"))
        self.assertIn("403", self.okibi.fails("get", "s3://paid/a", self.folder / "back"))
        self.okibi("--expected-bucket-owner", "123456789012", "get", "s3://ckpt/a", self.folder / "back")
        self.assertIn("403", self.okibi.fails("--expected-bucket-owner", "1", "get", "s3://ckpt/a", self.folder / "back"))

    def test_every_odd_key(self):
        for key in ODD_KEYS + ["tab\there", ".", "..", "a/./b/../c"]:
            with self.subTest(key):
                self.okibi("put", f"s3://ckpt/{key}", self.file("f", key.encode()))
                self.assertEqual(self.store.get("ckpt", key), key.encode())
                self.came_back("get", key, key.encode())
        self.assertEqual(len(listed_keys(self.okibi("ls", "s3://ckpt/"))), len(ODD_KEYS) + 5)


class Interrupted(Faulty):
    def held(self, fault, *words):
        """The program in the middle of a transfer that will not end by itself."""
        self.clear_log()
        self.faults({"seconds": 30, "times": -1} | fault)
        process = self.okibi.with_options("--stall-ms", 60000).start(*words)
        until(lambda: any(entry["fault"] for entry in self.log()), "the fault")
        return process

    def interrupt(self, process):
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.okibi.finished(process).status, 130)
        self.assertLess(time.monotonic() - begun, 5)

    def test_interrupt_in_an_upload(self):
        body = self.file("f", made_bytes(SIZE, 1))
        for operation, nth in (("CreateMultipartUpload", 1), ("UploadPart", 3), ("CompleteMultipartUpload", 1)):
            with self.subTest(operation):
                self.store.control("reset", {})
                self.store.put("ckpt", "a", b"old")
                self.interrupt(self.held({"op": operation, "nth": nth, "do": "silence"}, "stream", "s3://ckpt/a", body))
                self.assertEqual(self.store.get("ckpt", "a"), b"old")
                self.nothing_left()

    def test_interrupt_in_a_download(self):
        self.store.put("ckpt", "a", made_bytes(SIZE, 1))
        for how in ("get", "fetch"):
            self.interrupt(self.held({"op": "GetObject", "nth": 2, "do": "stall", "bytes": 1000}, how, "s3://ckpt/a",
                                     self.folder / "never"))
            self.assertFalse((self.folder / "never").exists())

    def test_interrupt_in_a_pause_before_another_attempt(self):
        self.interrupt(self.held({"op": "ListObjectsV2", "do": "503", "retry_after": 20}, "ls", "s3://ckpt/"))

    def test_kill_in_an_upload_at_each_step(self):
        for operation in ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"):
            with self.subTest(operation):
                self.store.control("reset", {})
                self.store.put("ckpt", "a", b"old")
                body = made_bytes(SIZE, 1)
                process = self.held({"op": operation, "do": "silence"}, "stream", "s3://ckpt/a", self.file("f", body))
                process.kill()
                self.okibi.finished(process)
                self.faults()
                self.assertEqual(self.store.get("ckpt", "a"), b"old")
                left = self.store.control("state")["uploads"]
                self.assertEqual(len(self.okibi("uploads", "s3://ckpt/").splitlines()), len(left))
                self.okibi("stream", "s3://ckpt/a", self.folder / "f")
                self.assertEqual(self.store.get("ckpt", "a"), body)
                for upload in left:
                    self.okibi("abort", "s3://ckpt/a", upload["id"])
                self.nothing_left()
