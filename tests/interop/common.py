"""What all comparisons with PyTorch start from: okibi's programs, and a PyTorch whose reader knows floats."""
import inspect
import pathlib
import subprocess
import sys

import torch

build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
okibi, driver = build / "okibi", build / "interop_driver"
torch.set_num_threads(1)
# Whole models are pickles that run code, which newer PyTorch wants to be asked for.
whole = {"weights_only": False}


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{words}: exit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def load(path):
    return torch.load(path, weights_only=True)


def teach_floats():
    """PyTorch 1.13's weights_only lacks one opcode, that of a float: it refuses every optimizer's state, its own included.
    Its reader, with that one line more, and as strict otherwise."""
    from torch import _weights_only_unpickler as reader
    source = inspect.getsource(reader)
    if "BINFLOAT" in source:
        return
    line = "            elif key[0] == BININT[0]:"
    if line not in source:
        raise AssertionError("this PyTorch's weights_only reader is another one than was thought")
    taught = source.replace(line, "            elif key[0] == 71:\n                self.append(unpack('>d', read(8))[0])\n" + line)
    spaces = {"__name__": reader.__name__}
    exec(compile(taught, "taught", "exec"), spaces)
    reader.load, reader.Unpickler = spaces["load"], spaces["Unpickler"]


teach_floats()
