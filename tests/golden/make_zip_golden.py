#!/usr/bin/env python3
"""Makes tests/golden/zip with PyTorch 2.15: what torch.save writes, for the byte-for-byte tests of okibi's zip writer.

    python tests/golden/make_zip_golden.py

zip64_parts.bin is the skeleton of an archive of more than 4 GiB: everything but the contents of its one huge record, as
(offset, length, bytes) with 64-bit little-endian numbers. Making it needs 5 GiB of free disk.
"""
import collections
import os
import pathlib
import struct
import tempfile

import torch

FOLDER = pathlib.Path(__file__).parent / "zip"
HUGE = 0xFFFFFFFF + 1


def save_small():
    state = collections.OrderedDict(
        weight=torch.arange(6, dtype=torch.float32).reshape(2, 3),
        empty=torch.empty(0),
        bias=torch.arange(20, dtype=torch.int64),
    )
    torch.save(state, FOLDER / "my.model.pth")
    torch.utils.serialization.config.save.storage_alignment = 256
    torch.save(state, FOLDER / "aligned_256.pth")
    torch.utils.serialization.config.save.storage_alignment = 64


def save_zip64():
    """A record of HUGE zero bytes, then small ones whose headers lie beyond 4 GiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "huge.pth")
        writer = torch._C.PyTorchFileWriter(path)
        writer.write_record("data/0", torch.zeros(HUGE, dtype=torch.uint8).untyped_storage(), HUGE)
        writer.write_record("data/1", b"after", 5)
        writer.write_record("data/2", b"", 0)
        writer.write_end_of_file()
        keep_skeleton(path, "zip64_parts.bin", data_begin=128)


def keep_skeleton(path, name, data_begin):
    size = os.path.getsize(path)
    with open(path, "rb") as file, open(FOLDER / name, "wb") as out:
        for begin, end in ((0, data_begin), (data_begin + HUGE, size)):
            file.seek(begin)
            out.write(struct.pack("<QQ", begin, end - begin) + file.read(end - begin))


if __name__ == "__main__":
    assert torch.__version__.startswith("2.15"), torch.__version__
    FOLDER.mkdir(exist_ok=True)
    save_small()
    save_zip64()
