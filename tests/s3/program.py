"""The program s3_driver (driver.cpp), run as its tests want it: where it must find its store, and whether anything that it
says is a secret."""
import dataclasses
import pathlib
import signal
import subprocess
import time

SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "ThreadSanitizer")


@dataclasses.dataclass
class Done:
    status: int
    out: str
    err: str


class Program:
    def __init__(self, path, place, options=(), **environment):
        """options: words before the command's. environment: beside the place's; None takes a variable away."""
        self.path, self.place, self.options = pathlib.Path(path), place, [str(word) for word in options]
        self.environment = place.environment(**environment)
        self.secrets = [place.key.secret]

    def with_options(self, *options):
        made = Program(self.path, self.place, [*self.options, *options])
        made.environment, made.secrets = self.environment, self.secrets
        return made

    def start(self, *words, **options):
        return subprocess.Popen([str(self.path), *self.options, *(str(word) for word in words)], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, *words, stdin=None, timeout=120):
        process = self.start(*words, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL)
        return self.finished(process, stdin, timeout)

    def finished(self, process, stdin=None, timeout=120):
        """Waits for its end; refuses what no run may do: hang, crash, tell a secret."""
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{process.args} hangs:\n{err.decode(errors='replace')[-2000:]}") from None
        done = Done(process.returncode, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "replace"))
        self.check(process.args, done)
        return done

    def check(self, words, done):
        told = [secret for secret in self.secrets if secret in done.out + done.err]
        if told:
            raise AssertionError(f"{words} tells a secret:\n{done.err}")
        if any(name in done.err for name in SANITIZERS) or done.status < 0 and done.status != -signal.SIGKILL:
            raise AssertionError(f"{words} ends with {done.status}:\n{done.err}")

    def __call__(self, *words, **options):
        """Its output; it must succeed."""
        done = self.run(*words, **options)
        if done.status != 0:
            raise AssertionError(f"{words}: exit status {done.status}\n{done.err}")
        return done.out

    def fails(self, *words, **options):
        """What it says on stderr; it must fail with an Error, in words."""
        done = self.run(*words, **options)
        if done.status not in (1, 2, 130):
            raise AssertionError(f"{words}: exit status {done.status}, where it should have failed\n{done.out}{done.err}")
        return done.err


def until(holds, what, seconds=30):
    ends = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > ends:
            raise AssertionError(f"in vain waited for: {what}")
        time.sleep(0.02)
    return found
