"""Random schedules of faults: a checkpoint of three and more parts is saved over an old one, then loaded, while the store
misbehaves. Each ends with the right bytes, or with an error and the old object intact; nothing else, ever; and nothing of
the key is told."""
import concurrent.futures
import contextlib
import dataclasses
import queue
import random
import time

import fault_server
import harness
from program import Program

KIB = 1 << 10
UP = ["CreateMultipartUpload", "UploadPart", "UploadPart", "UploadPart", "CompleteMultipartUpload", "CompleteMultipartUpload",
      "PutObject", "AbortMultipartUpload", "HeadObject"]
DOWN = ["GetObject", "GetObject", "GetObject", "GetObject", "HeadObject"]

# What passes when it is tried again; those that could do silent harm more often.
PASSES = [{"do": "500"}, {"do": "502", "body": "<html>"}, {"do": "503"}, {"do": "504", "body": ""}, {"do": "429"},
          {"do": "400", "code": "RequestTimeout"}, {"do": "reset"}, {"do": "silence", "seconds": 1}, {"do": "close"},
          {"do": "stall", "seconds": 1}, {"do": "skewed", "seconds": 600}]
PASSES_UP = PASSES + [{"do": "503", "early": True}, {"do": "reset", "early": True}, *[{"do": "lose"}] * 4,
                      *[{"do": "flip_upload"}] * 4, *[{"do": "error200", "op": "CompleteMultipartUpload"}] * 2]
PASSES_DOWN = PASSES + [{"do": "cut"}] * 4 + [{"do": "truncate"}] * 4

STAYS = [{"do": "garbage"}, {"do": "403"}, {"do": "404", "code": "NoSuchKey"}, {"do": "412", "code": "PreconditionFailed"},
         {"do": "expired"}, {"do": "malformed", "region": "us-east-1"}, {"do": "permanent", "region": "eu-west-1"},
         {"do": "skewed", "seconds": 3000}, {"do": "redirect", "location": "http://127.0.0.1:9/elsewhere"}]
STAYS_UP = STAYS + [{"do": "error200"}, {"do": "error200", "code": "SlowDown"}, {"do": "404", "code": "NoSuchUpload"},
                    {"do": "headers", "remove": ["etag"]}, {"do": "409", "code": "ConditionalRequestConflict"}]
SEEN_BY_NO_RANGE = [{"do": "flip"}, {"do": "other_range", "lie": True}]  # but by the CRC of a record, or of the object
STAYS_DOWN = STAYS + [{"do": "stall"}, *[{"do": "whole"}] * 2, *[{"do": "other_range"}] * 4, *[{"do": "swap"}] * 4,
                      {"do": "delete"}, {"do": "headers", "remove": ["content-range"]},
                      {"do": "headers", "remove": ["content-length"]}, {"do": "headers", "remove": ["etag"]},
                      {"do": "headers", "set": {"ETag": '"another"'}}, {"do": "headers", "set": {"Content-Range": "bytes 0-0/1"}},
                      {"do": "headers", "set": {"Content-Length": "7"}}]


def random_fault(dice, kinds, operations, mild):
    fault = {"op": dice.choice(operations)} | dice.choice(kinds)
    fault["nth"] = dice.choice([1, 1, 1, 2, 3, 5])
    fault["times"] = 1 if mild else dice.choice([1, 1, 1, 1, 2, 3, 1, 1, 1, -1])
    if fault["op"] == "HeadObject" and (fault.get("code") == "RequestTimeout" or fault["do"] == "skewed"):
        fault = fault | {"do": "500", "code": "InternalError"}  # a code needs a body, which no answer to HEAD has
    kind = fault["do"]
    if kind in ("cut", "truncate") or (kind == "stall" and "seconds" not in fault):
        fault["bytes"] = dice.choice([0, 1, dice.randrange(200 * KIB), dice.randrange(200 * KIB)])
    if kind == "stall":
        fault["seconds"] = fault.get("seconds", 1)
    if kind == "flip":
        fault["at"] = dice.randrange(200 * KIB)
    if kind == "other_range":
        fault["by"] = dice.choice([-1000, -1, 1, 1000])
    if kind == "swap":
        fault["with"] = "old"
    return fault


@dataclasses.dataclass
class Schedule:
    """All of it comes from the seed, so that one that failed can be run again alone."""
    seed: int

    def __post_init__(self):
        dice = random.Random(self.seed)
        part = dice.choice([64, 100, 256]) * KIB
        self.size = part * dice.choice([2, 3, 5, 8]) + dice.randrange(part)
        self.how = dice.choice(["load", "load", "fetch", "get"])
        self.mild = dice.random() < 0.4  # it must succeed
        attempts = 6 if self.mild else dice.choice([2, 3, 5])
        up, down = (PASSES_UP, PASSES_DOWN) if self.mild else (PASSES_UP + STAYS_UP, PASSES_DOWN + STAYS_DOWN)
        if not self.mild and self.how != "fetch":
            down = down + SEEN_BY_NO_RANGE * 3
        counts = [1, 2, 3] if self.mild else [0, 1, 2, 3, 5]
        self.up = [random_fault(dice, up, UP, self.mild) for _ in range(dice.choice(counts))]
        self.down = [random_fault(dice, down, DOWN, self.mild) for _ in range(dice.choice(counts))]
        self.options = ["--part-size", part, "--concurrency", dice.choice([1, 2, 4, 8]), "--attempts", attempts,
                        "--stall-ms", 300, "--connect-ms", 1000]
        if dice.random() < 0.2:
            self.options.append("--if-none-match")


class Failed(Exception):
    pass


class Bench:
    """A fault server, and the schedules that run against it one after another."""

    def __init__(self, program, place):
        self.program, self.place, self.store = program, place, place.client
        self.local = Program(program, place)

    def run(self, schedule):
        """What came of it: two words."""
        self.old, self.new = self.reference("old", 1, schedule.size), self.reference("new", schedule.seed, schedule.size)
        self.store.control("reset", {})
        if "--if-none-match" not in schedule.options:
            self.put_old("a")
        self.put_old("old")
        okibi = Program(self.program, self.place, schedule.options)
        saved, loaded = self.save(okibi, schedule), self.load(okibi, schedule)
        if schedule.mild and (saved, loaded) != ("saved", "loaded"):
            raise Failed(f"nothing but what passes, and it was {saved} and {loaded}\n{self.said}")
        return saved, loaded

    def reference(self, name, seed, size):
        path = self.place.folder / f"{name}.pth"
        self.local("save", path, seed, size)
        return path.read_bytes(), self.local("load", path)

    def put_old(self, key):
        self.store.send("PUT", f"{self.store.endpoint}/-/objects/ckpt/{key}", {}, self.old[0])

    def object(self, key="a"):
        reply = self.store.send("GET", f"{self.store.endpoint}/-/objects/ckpt/{key}")
        return reply.body if reply.status == 200 else None

    def save(self, okibi, schedule):
        before = self.object()
        self.store.control("faults", schedule.up)
        done = okibi.run("save", "s3://ckpt/a", schedule.seed, schedule.size)
        self.said = done.err
        log = self.store.control("log")
        self.store.control("faults", [])
        after, uploads = self.object(), self.store.control("state")["uploads"]
        require(not bugs(log), f"{bugs(log)}", done)
        if done.status == 0:
            require(after == self.new[0], "saved, and the object is another one", done)
        else:
            require(done.status == 2, "ended otherwise than with an error", done)
            # Who never hears whether it was done cannot know; but a whole object it is all the same.
            lost = any(entry["fault"] in ("lose", "stall") and entry["op"] in ("CompleteMultipartUpload", "PutObject")
                       for entry in log)
            require(after == before or (lost and after == self.new[0]), "an error, and the old object is not intact", done)
        struck = any(entry["fault"] and entry["op"] in ("AbortMultipartUpload", "CreateMultipartUpload") for entry in log)
        require(not uploads or struck, f"uploads are left: {uploads}", done)
        return "saved" if done.status == 0 else "refused"

    def load(self, okibi, schedule):
        self.store.send("PUT", f"{self.store.endpoint}/-/objects/ckpt/a", {}, self.new[0])
        self.store.control("log", method="DELETE")
        self.store.control("faults", schedule.down)
        back = self.place.folder / "back"
        done = okibi.run(schedule.how, "s3://ckpt/a", *([back] if schedule.how != "load" else []))
        self.said += done.err
        log = self.store.control("log")
        self.store.control("faults", [])
        require(not bugs(log), f"{bugs(log)}", done)
        if done.status == 0:
            swapped = any(entry["fault"] == "swap" for entry in log)
            got, which = (done.out, 1) if schedule.how == "load" else (back.read_bytes(), 0)
            require(got == self.new[which] or (swapped and got == self.old[which]), "read, and it is something else", done)
        else:
            require(done.status == 2, "ended otherwise than with an error", done)
        if not any(entry["fault"] in ("swap", "delete") for entry in log):
            require(self.object() == self.new[0], "reading has changed the object", done)
            require(self.local("load", "s3://ckpt/a") == self.new[1], "without faults it cannot be loaded", done)
        return "loaded" if done.status == 0 else "refused"


def bugs(log):
    return [entry for entry in log if entry["status"] == fault_server.BUG]


def require(holds, what, done):
    if not holds:
        raise Failed(f"{what} (exit status {done.status})\n{done.err}")


def run_schedules(program, count, seed, at_once=4):
    """Whether all went well. Prints a line for each that did not, and the sum."""
    print(f"random schedules: {count}, from seed {seed}", flush=True)
    benches, outcomes, bad, begun = queue.SimpleQueue(), {}, 0, time.monotonic()

    def one(number):
        bench = benches.get()
        try:
            return bench.run(Schedule(seed + number))
        finally:
            benches.put(bench)

    with contextlib.ExitStack() as stack:
        for _ in range(at_once):
            benches.put(Bench(program, stack.enter_context(harness.fault_server())))
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            running = {pool.submit(one, number): number for number in range(count)}
            for done in concurrent.futures.as_completed(running):
                try:
                    outcomes[done.result()] = outcomes.get(done.result(), 0) + 1
                except (Failed, AssertionError) as failure:
                    bad += 1
                    schedule = Schedule(seed + running[done])
                    print(f"FAIL schedule {schedule.seed}: {failure}\n  up {schedule.up}\n  down {schedule.how} {schedule.down}\n"
                          f"  options {schedule.options}, {schedule.size} bytes", flush=True)
    told = ", ".join(f"{saved} and {loaded} {times}" for (saved, loaded), times in sorted(outcomes.items()))
    print(f"random schedules: {count - bad} well, {bad} not, in {time.monotonic() - begun:.0f} s ({told})", flush=True)
    return bad == 0
