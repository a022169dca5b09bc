#!/usr/bin/env python3
"""The program okibi with URIs in the place of paths, against the fault server: every verb, how many requests it takes, and
what is left when it is stopped. Usage: cli_test.py BUILD SOURCE [unittest arguments]"""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sys
import threading
import time
import unittest

import harness
from program import Program, until

KIB, MIB = 1 << 10, 1 << 20
BUILD, SOURCE = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
GOLDEN = SOURCE / "tests/golden"
TABLE = SOURCE / "examples/admissions/berkeley.csv"


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(harness.fault_server())
        cls.okibi = Program(BUILD / "okibi", cls.place)
        cls.store, cls.folder = cls.place.client, cls.place.folder
        cls.driver = Program(BUILD / "s3_driver", cls.place)

    def setUp(self):
        self.store.control("reset", {})

    def put(self, path, key):
        self.store.put("ckpt", key, pathlib.Path(path).read_bytes())
        return f"s3://ckpt/{key}"

    def put_folder(self, path, key):
        for file in pathlib.Path(path).iterdir():
            self.put(file, f"{key}/{file.name}")
        return f"s3://ckpt/{key}"

    def log(self):
        return self.store.control("log")

    def clear_log(self):
        self.store.control("log", method="DELETE")

    def state(self):
        return self.store.control("state")

    def lines(self, *words):
        return self.okibi.run(*words)

    def same(self, local, remote, *verbs):
        """Each verb says the same of both places, but for their names."""
        for verb in verbs:
            here, there = self.lines(*verb[:1], local, *verb[1:]), self.lines(*verb[:1], remote, *verb[1:])
            with self.subTest(verb=verb):
                self.assertEqual(here.status, there.status, there.err)
                self.assertEqual(here.out.replace(str(local), "X"), there.out.replace(str(remote), "X"))

    LOOKS = [("ls", "--json"), ("ls", "--hash"), ("show",), ("stats", "--json"), ("verify", "--json"), ("scan", "--json")]

    def test_what_looks_at_files_says_the_same_of_objects(self):
        for file in ["checkpoint/torch-2.15/everything.pth", "checkpoint/torch-2.15/deflated.pth", "old/legacy_state_dict.pth",
                     "old/tar_state_dict.pth", "safetensors/dtypes.safetensors", "pt2/net.pt2", "old/script.pt"]:
            with self.subTest(file=file):
                self.same(GOLDEN / file, self.put(GOLDEN / file, file), *self.LOOKS)

    def test_folders_and_indexes_are_found_under_their_prefix(self):
        for folder in ["dcp/sharded", "safetensors/sharded"]:
            with self.subTest(folder=folder):
                here, there = GOLDEN / folder, self.put_folder(GOLDEN / folder, folder)
                self.same(here, there, *self.LOOKS)
                self.assertEqual(self.lines("diff", here, there).status, 0)
        index = "safetensors/sharded/model.safetensors.index.json"
        self.same(GOLDEN / index, f"s3://ckpt/{index}", *self.LOOKS)

    def test_a_url_is_read(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/everything.pth", "everything.pth")
        url = self.driver("presign", remote, 60).strip()
        done = self.lines("ls", url)
        self.assertEqual((done.status, done.out), (0, self.lines("ls", remote).out), done.err)
        done = self.lines("show", url.replace("everything", "nothing"))
        self.assertEqual(done.status, 2)
        self.assertNotIn("X-Amz-Signature", done.err)

    def test_no_verb_tells_the_signature_of_a_url(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/everything.pth", "everything.pth")
        url = self.driver("presign", remote, 60).strip()
        broken = self.folder / "broken.pth"
        broken.write_bytes((GOLDEN / "checkpoint/torch-2.15/everything.pth").read_bytes()[:-100])
        cut_off = self.driver("presign", self.put(broken, "broken.pth"), 60).strip()
        for words in [("ls", url, "zz*"), ("stats", url, "zz*"), ("show", url, "zz"), ("verify", cut_off), ("ls", cut_off),
                      ("scan", url), ("cp", url, url), ("cp", self.folder / "broken.pth", url), ("convert", url, url),
                      ("convert", url, url + "&x=.pth"), ("uploads", url), ("ls", url, "zz", url, url), ("verify", "--no", url),
                      ("cp", url, self.folder / "copy.pth"), ("verify", cut_off, "--rescue", url), ("diff", url, cut_off),
                      ("convert", url, self.folder / "converted.pth", "--json")]:
            with self.subTest(words=words[0]):
                done = self.lines(*words)
                self.assertNotIn("Signature", done.out + done.err)

    def test_a_training_keeps_no_signature(self):
        url = self.driver("presign", self.put(TABLE, "table.csv"), 60).strip()
        last = self.folder / "signed.pth"
        words = ("--target", "admitted", "--categorical", "gender:2", "--epochs", "1", "--checkpoint", last)
        done = self.lines("train", url, *words)
        self.assertEqual(done.status, 0, done.err)
        self.assertNotIn("Signature", done.out + done.err + last.read_bytes().decode("latin-1"))
        done = self.lines("train", "--resume", last, "--epochs", "2")
        self.assertEqual((done.status, done.err.count("\n")), (2, 1))
        self.assertIn("Name the data again", done.err)
        self.okibi("train", "--resume", last, "--epochs", "2", TABLE)

    def test_a_url_needs_no_file_of_keys(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "views.pth")
        url = self.driver("presign", remote, 60).strip()
        config = self.folder / "config"
        config.write_text("this is no file of Amazon's\n")
        for more in [{"AWS_CONFIG_FILE": str(config)}, {"AWS_PROFILE": "nobody"}]:
            okibi = Program(BUILD / "okibi", self.place, **more)
            self.assertEqual(okibi("ls", url), self.okibi("ls", remote))
            self.assertRegex(okibi.fails("ls", remote), "line 1|nobody")

    def test_a_url_says_what_is_wrong_with_it(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "views.pth")
        url = self.driver("presign", remote, 60).strip()
        self.store.control("faults", [{"do": "403", "code": "AccessDenied", "message": "Request has expired"}])
        self.assertIn("the URL has expired", self.okibi.fails("ls", url))
        with web_server(self.folder) as address:
            self.assertIn("there is no such file (404", self.okibi.fails("ls", f"{address}/none.pth"))

    def test_a_folder_that_holds_no_checkpoint_cannot_be_verified(self):
        here = self.folder / "notes"
        here.mkdir()
        (here / "notes.txt").write_text("nothing\n")
        there = self.put(here / "notes.txt", "notes/notes.txt").removesuffix("notes.txt")
        for place in [here, f"{here}/", there, there.removesuffix("/")]:
            done = self.lines("verify", place)
            self.assertEqual((done.status, done.out, done.err.count("\n")), (2, "", 1), done.out)
            self.assertIn("the folder holds no checkpoint that okibi knows", done.err)
        # One whose index is lost is damaged.
        lost = self.folder / "lost"
        shutil.copytree(GOLDEN / "dcp/sharded", lost)
        (lost / ".metadata").unlink()
        there = self.put_folder(lost, "lost")
        for place in [lost, there]:
            self.assertEqual(self.lines("verify", place).status, 1)

    def test_resuming_without_the_permission_to_list_says_what_to_do(self):
        big = self.folder / "big.bin"
        big.write_bytes(bytes(20 * MIB))
        self.store.control("faults", [{"op": "ListMultipartUploads", "do": "403", "code": "AccessDenied", "times": -1}])
        err = self.okibi.fails("cp", "--resume", big, "s3://ckpt/big.bin")
        self.assertRegex(err, "may not ListMultipartUploads here.*s3:ListBucketMultipartUploads; without --resume")
        self.okibi("cp", big, "s3://ckpt/big.bin")

    def asked_at(self, endpoint, **more):
        """What `ls` of an object says, and how long it takes."""
        begun = time.monotonic()
        done = Program(BUILD / "okibi", self.place, AWS_ENDPOINT_URL_S3=endpoint, **more).run("ls", "s3://ckpt/x.pth")
        self.assertEqual((done.status, done.err.count("\n")), (2, 1), done.err)
        self.assertIn(f"at {endpoint}: ", done.err)
        return done.err, time.monotonic() - begun

    def test_an_endpoint_that_cannot_be_right_is_soon_told(self):
        with socket.socket() as closed:  # bound, and nobody listens
            closed.bind(("127.0.0.1", 0))
            for host in ["127.0.0.1", "localhost"]:
                err, seconds = self.asked_at(f"http://{host}:{closed.getsockname()[1]}")
                self.assertIn("after 4 attempts", err)
                self.assertLess(seconds, 5)
        alert = bytes.fromhex("15030100020246")  # of TLS, to whoever does not speak it
        for scheme, answer, words in [("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "begin with http://, after 4 attempts"),
                                      ("http", alert, "begin with https://, after 4 attempts"),
                                      ("http", b"", "after 4 attempts")]:
            with socket.create_server(("127.0.0.1", 0)) as other:
                threading.Thread(target=answer_each, args=(other, answer), daemon=True).start()
                err, seconds = self.asked_at(f"{scheme}://127.0.0.1:{other.getsockname()[1]}")
                self.assertIn(words, err)
                self.assertLess(seconds, 5)

    def test_whoever_waits_is_told_why_once_in_a_while(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "views.pth")
        self.store.control("faults", [{"op": "GetObject", "do": "503", "code": "SlowDown", "retry_after": 1, "times": 4}])
        done = self.lines("ls", remote)
        self.assertEqual((done.status, done.err.count("\n")), (0, 1), done.err)
        self.assertIn(f"okibi: trying again: {remote}, at {self.place.endpoint}: GetObject: the store failed (503 SlowDown", done.err)
        self.store.control("faults", [{"op": "GetObject", "do": "503", "code": "SlowDown", "times": 3}])
        self.assertEqual(self.lines("ls", remote).err, "")

    def test_convert_writes_and_reads_objects(self):
        local = GOLDEN / "checkpoint/torch-2.15/views.pth"
        remote = self.put(local, "views.pth")
        for target in ["again.pth", "again.safetensors"]:
            self.okibi("convert", remote, f"s3://ckpt/out/{target}")
            self.okibi("convert", local, self.folder / target)
            self.okibi("cp", f"s3://ckpt/out/{target}", self.folder / f"back-{target}")
            self.assertEqual((self.folder / target).read_bytes(), (self.folder / f"back-{target}").read_bytes())
        self.okibi("convert", remote, "s3://ckpt/out/dcp", "--to", "dcp")
        self.assertEqual(self.lines("diff", remote, "s3://ckpt/out/dcp").status, 0)

    def test_cp_takes_files_folders_and_streams(self):
        body = random.Random(1).randbytes(30 * MIB + 17)
        big = self.folder / "big.bin"
        big.write_bytes(body)
        self.okibi("cp", big, "s3://ckpt/runs/")
        self.assertEqual(self.store.get("ckpt", "runs/big.bin"), body)
        self.okibi("cp", "s3://ckpt/runs/big.bin", self.folder / "back.bin")
        self.assertEqual((self.folder / "back.bin").read_bytes(), body)
        done = self.okibi.run("cp", "-", "s3://ckpt/streamed.bin", stdin=body[:9 * MIB])
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(self.store.get("ckpt", "streamed.bin"), body[:9 * MIB])
        self.okibi("cp", GOLDEN / "dcp/sharded", "s3://ckpt/dcp")
        self.okibi("cp", "s3://ckpt/dcp", self.folder / "dcp")
        for file in (GOLDEN / "dcp/sharded").iterdir():
            self.assertEqual(file.read_bytes(), (self.folder / "dcp" / file.name).read_bytes())

    def test_a_large_checkpoint_is_listed_with_few_requests(self):
        self.driver("save", "s3://ckpt/large.pth", 5, 64 * MIB)
        self.clear_log()
        names = [line.split()[0] for line in self.okibi("ls", "s3://ckpt/large.pth").splitlines()]
        log = self.log()
        self.assertLessEqual(len(log), 4, log)
        self.assertLessEqual(sum(entry["sent"] for entry in log), MIB)
        self.assertIn("model.layers.0.weight", names)

    def test_one_tensor_takes_its_bytes_and_few_requests(self):
        self.driver("save", "s3://ckpt/large.pth", 5, 64 * MIB)
        self.okibi("convert", "s3://ckpt/large.pth", self.folder / "large.pth")
        listed = json.loads(self.okibi("ls", "--json", self.folder / "large.pth"))["tensors"]
        smallest = min(listed, key=lambda tensor: tensor["nbytes"])
        self.clear_log()
        self.okibi("stats", "s3://ckpt/large.pth", smallest["name"])
        log = self.log()
        self.assertLessEqual(len(log), 5 + smallest["nbytes"] // (8 * MIB) + 8, log)
        self.assertLessEqual(sum(entry["sent"] for entry in log), smallest["nbytes"] + 1.2 * MIB)

    def test_training_checkpoints_into_the_store_and_resumes_from_there(self):
        words = ["train", TABLE, "--target", "admitted", "--categorical", "gender:8,department:8", "--seed", 1]
        self.okibi(*words, "--epochs", 4, "--checkpoint", self.folder / "whole.pth", "--model", self.folder / "model.pth")
        remote = ["--checkpoint", "s3://ckpt/run/last.pth", "--model", "s3://ckpt/run/model.pth"]
        self.okibi(*words, "--epochs", 2, *remote)
        self.okibi("train", TABLE, "--resume", "s3://ckpt/run/last.pth", "--epochs", 4)
        self.assertEqual(self.lines("diff", self.folder / "model.pth", "s3://ckpt/run/model.pth").status, 0)
        self.assertEqual(self.okibi("predict", "s3://ckpt/run/model.pth", TABLE), self.okibi("predict", self.folder / "model.pth", TABLE))
        self.assertEqual(self.state()["uploads"], [])

    def test_a_folder_of_objects_is_never_safe_where_something_was_not_looked_at(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "scanned/views.pth").removesuffix("views.pth")
        self.assertEqual(self.lines("scan", remote).status, 0)
        self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "scanned/deeper/views.pth")
        done = self.lines("scan", remote)
        self.assertEqual(done.status, 1)
        self.assertIn("folders within this one", done.out)
        done = self.lines("cp", remote, self.folder / "scanned")
        self.assertEqual(done.status, 2)
        self.assertIn("folders in the folder", done.err)

    def test_a_stopped_training_saves_once_more(self):
        words = ["train", TABLE, "--target", "admitted", "--categorical", "gender:8,department:8", "--hidden", "2048,1024",
                 "--batch-size", 16, "--epochs", 50, "--checkpoint", "s3://ckpt/stopped.pth"]
        self.clear_log()
        process = self.okibi.start(*words)
        until(self.log, "the question whether the store answers")
        time.sleep(3)
        process.send_signal(signal.SIGTERM)
        done = self.okibi.finished(process, timeout=60)
        self.assertEqual(done.status, 130, done.err)
        self.assertIn("stopped after step", done.err)
        self.assertIn("model_state_dict", self.okibi("ls", "s3://ckpt/stopped.pth"))

    def test_a_target_that_cannot_be_written_is_told_before_the_training(self):
        words = ["train", TABLE, "--target", "admitted", "--categorical", "gender:8", "--epochs", 1]
        for target, text in [("s3://no-bucket/x.pth", "no-bucket"), ("s3://ckpt/folder/", "folder")]:
            self.put(TABLE, "folder/x")
            done = self.lines(*words, "--checkpoint", target)
            self.assertEqual(done.status, 2)
            self.assertIn(text, done.err)
            self.assertNotIn("loss", done.out)

    def test_a_host_that_is_not_there_is_named(self):
        lost = Program(BUILD / "okibi", self.place, AWS_ENDPOINT_URL_S3="http://no-such-host.invalid:9000")
        done = lost.run("ls", "s3://ckpt/x.pth")
        self.assertEqual(done.status, 2)
        self.assertIn("no-such-host.invalid", done.err)
        self.assertNotIn("libcurl refuses", done.err)

    def test_signatures_are_not_printed(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "signed.pth")
        url = self.driver("presign", remote, 60).strip()
        for words in [("cp", url, self.folder / "signed.pth"), ("cp", "--json", url, self.folder / "signed.pth"),
                      ("convert", url, self.folder / "again.pth"), ("convert", "--json", url, self.folder / "again.pth")]:
            done = self.lines(*words)
            self.assertEqual(done.status, 0, done.err)
            self.assertNotIn("Signature", done.out + done.err)

    def test_a_strangers_upload_is_not_gone_on_with(self):
        self.store.checked(self.store.request("POST", "ckpt", "mine.bin", {"uploads": ""}))
        big = self.folder / "big.bin"
        big.write_bytes(bytes(20 * MIB))
        self.okibi("cp", "--resume", big, "s3://ckpt/mine.bin")
        self.assertEqual(len(self.state()["uploads"]), 1)
        self.assertEqual(len(self.store.get("ckpt", "mine.bin")), 20 * MIB)

    def test_the_example_runs(self):
        example = Program(BUILD / "example_object_storage", self.place)
        self.assertEqual(example("s3://ckpt/example").splitlines(), ["2 tensors through a buffer", "2 tensors as a stream", "10 rows"])

    def test_what_is_not_there_is_told_in_one_line(self):
        for words, text in [(("ls", "s3://ckpt/none.pth"), "none.pth"), (("ls", "s3://no-bucket/x.pth"), "no-bucket"),
                            (("cp", "s3://ckpt/none.pth", self.folder / "none"), "none.pth"), (("ls", "s3://"), "bucket")]:
            done = self.lines(*words)
            self.assertEqual((done.status, done.err.count("\n")), (2, 1), done.err)
            self.assertIn(text, done.err)
        self.assertFalse((self.folder / "none").exists())
        stranger = Program(BUILD / "okibi", self.place, AWS_SECRET_ACCESS_KEY="wrong")
        done = stranger.run("ls", self.put(GOLDEN / "checkpoint/torch-2.15/views.pth", "views.pth"))
        self.assertEqual(done.status, 2)
        self.assertIn("SignatureDoesNotMatch", done.err)

    def held_upload(self):
        """A cp whose second part is on its way, and does not get on."""
        big = self.folder / "big.bin"
        big.write_bytes(bytes(40 * MIB))
        self.store.put("ckpt", "big.bin", b"old")
        self.store.control("faults", [{"op": "UploadPart", "nth": 2, "do": "silence", "seconds": 60}])
        process = self.okibi.start("cp", big, "s3://ckpt/big.bin")
        until(lambda: self.state()["uploads"], "an upload")
        until(lambda: any(entry["op"] == "UploadPart" for entry in self.log()), "a part")
        return process

    def test_a_killed_upload_is_found_and_removed(self):
        process = self.held_upload()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        self.assertEqual(self.store.get("ckpt", "big.bin"), b"old")
        listed = json.loads(self.okibi("uploads", "s3://ckpt/", "--json"))
        self.assertEqual([upload["uri"] for upload in listed["uploads"]], ["s3://ckpt/big.bin"])
        self.assertIn("1 upload, removed", self.okibi("uploads", "s3://ckpt/", "--abort"))
        self.assertEqual(self.state()["uploads"], [])
        self.assertIn("no unfinished uploads", self.okibi("uploads", "s3://ckpt/"))

    def parts_sent(self):
        return sum(entry["op"] == "UploadPart" and entry["status"] == 200 for entry in self.log())

    def test_a_resumed_upload_sends_only_what_is_missing(self):
        body = random.Random(2).randbytes(60 * MIB + 5)
        big = self.folder / "big.bin"
        big.write_bytes(body)
        self.store.control("faults", [{"op": "UploadPart", "nth": 5, "do": "silence", "seconds": 60}])
        process = self.okibi.start("cp", "--resume", big, "s3://ckpt/resumed.bin")
        until(lambda: self.parts_sent() >= 4, "four parts")
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.okibi.finished(process, timeout=30).status, 130)
        kept = self.parts_sent()
        self.assertEqual(len(self.state()["uploads"]), 1)
        self.clear_log()
        changed = bytearray(body)
        changed[3] ^= 1  # of a part that was sent
        big.write_bytes(changed)
        self.okibi("cp", "--resume", big, "s3://ckpt/resumed.bin")
        self.assertEqual(self.store.get("ckpt", "resumed.bin"), bytes(changed))
        self.assertLessEqual(self.parts_sent(), 8 - kept + 1)
        self.assertEqual(self.state()["uploads"], [])

    def test_a_resumed_download_fetches_only_what_is_missing(self):
        body = random.Random(3).randbytes(200 * MIB + 7)
        self.store.put("ckpt", "far.bin", body)
        target = self.folder / "near.bin"
        process = self.okibi.start("cp", "--resume", "s3://ckpt/far.bin", target)
        until(lambda: any(part.stat().st_size >= 70 * MIB for part in self.folder.glob(".near.bin.*")), "70 MiB")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertFalse(target.exists())
        self.clear_log()
        self.assertRegex(self.okibi("cp", "--resume", "s3://ckpt/far.bin", target), r"from (64|128|192)\.0 MiB on")
        self.assertEqual(target.read_bytes(), body)
        self.assertLessEqual(sum(entry["sent"] for entry in self.log() if entry["op"] == "GetObject"), 137 * MIB)
        self.assertEqual(list(self.folder.glob(".near.bin.*")), [])
        # Of another version nothing is taken.
        self.store.put("ckpt", "far.bin", b"new")
        self.okibi("cp", "--resume", "s3://ckpt/far.bin", target)
        self.assertEqual(target.read_bytes(), b"new")

    def test_a_copy_that_is_not_what_the_store_keeps_is_an_error(self):
        body = random.Random(4).randbytes(100 * MIB)
        big = self.folder / "big.bin"
        big.write_bytes(body)
        self.okibi("cp", big, "s3://ckpt/kept.bin")
        target = self.folder / "damaged.bin"
        self.store.control("faults", [{"op": "GetObject", "nth": 3, "do": "flip", "at": 1000}])
        self.assertIn("do not have the checksum that the store keeps", self.okibi.fails("cp", "s3://ckpt/kept.bin", target))
        self.assertEqual(list(self.folder.glob("*damaged*")), [])
        # What an earlier copy left counts, too.
        process = self.okibi.start("cp", "--resume", "s3://ckpt/kept.bin", target)
        until(lambda: any(part.stat().st_size >= 70 * MIB for part in self.folder.glob(".damaged.bin.*")), "70 MiB")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        part = next(self.folder.glob(".damaged.bin.*"))
        with open(part, "r+b") as file:
            file.seek(1000)
            file.write(bytes([body[1000] ^ 1]))
        self.assertIn("do not have the checksum", self.okibi.fails("cp", "--resume", "s3://ckpt/kept.bin", target))
        self.assertFalse(target.exists())
        self.assertNotIn("from", self.okibi("cp", "--resume", "s3://ckpt/kept.bin", target))
        self.assertEqual(target.read_bytes(), body)

    def test_an_interrupt_leaves_the_old_object_and_no_parts(self):
        process = self.held_upload()
        process.send_signal(signal.SIGINT)
        done = self.okibi.finished(process, timeout=30)
        self.assertEqual(done.status, 130, done.err)
        self.assertEqual(self.store.get("ckpt", "big.bin"), b"old")
        self.assertEqual(self.state()["uploads"], [])

    def test_an_interrupt_ends_a_reading_that_waits(self):
        remote = self.put(GOLDEN / "checkpoint/torch-2.15/everything.pth", "slow.pth")
        self.store.control("faults", [{"op": "GetObject", "do": "silence", "seconds": 60}])
        process = self.okibi.start("ls", remote)
        time.sleep(1)  # nothing tells that it waits
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.okibi.finished(process, timeout=15).status, 130)

    def test_files_need_no_store_and_no_library_of_it(self):
        alone = self.folder / "alone"
        alone.mkdir()
        for file in BUILD.iterdir():
            if file.name == "okibi" or file.name.startswith("libokibi_checkpoint"):
                shutil.copy(file, alone)
        lonely = Program(alone / "okibi", self.place)
        lonely("ls", GOLDEN / "checkpoint/torch-2.15/views.pth")
        done = lonely.run("ls", "s3://ckpt/x.pth")
        self.assertEqual(done.status, 2)
        self.assertIn("libokibi_s3.so", done.err)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web_server(folder):
    """A server that has nothing to do with S3: its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answer_each(server, answer):
    """Says the same to whoever comes, until the server is closed."""
    try:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
    except OSError:
        return


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
