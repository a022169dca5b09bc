"""Writes a checkpoint of one large tensor of zeros, nearly all of it a hole in the file, or deflated among a few other numbers:
big_checkpoint.py FILE MIB [deflated]"""
import random
import struct
import sys
import zlib

path, size, deflated = sys.argv[1], int(sys.argv[2]) << 20, "deflated" in sys.argv[3:]
pickle = (b"\x80\x02}X\x06\x00\x00\x00weightctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
          b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ" + struct.pack("<i", size // 4) + b"tQK\x00M\x00\x04J"
          + struct.pack("<i", size // 4096) + b"\x86J" + struct.pack("<i", size // 4096) + b"K\x01\x86\x89ccollections\nOrderedDict\n)RtRs.")


def deflated_zeros():
    """A fourteenth as long: among the zeros are other numbers, or the file would be refused as one made to fill memory."""
    packer, packed = zlib.compressobj(1, wbits=-15), []
    some = random.Random(0).randbytes(72 << 10) + bytes((1 << 20) - (72 << 10))
    for _ in range(size >> 20):
        packed.append(packer.compress(some))
    return b"".join(packed) + packer.flush()


zeros = deflated_zeros() if deflated else None
directory, offset = b"", 0
with open(path, "wb") as file:
    for name, content, length in [(b"big/data.pkl", pickle, len(pickle)), (b"big/data/0", zeros, size), (b"big/version", b"3\n", 2)]:
        method, stored = (8, len(zeros)) if content is zeros and deflated else (0, length)
        crc = zlib.crc32(content) if content and not method else 0  # 0: its writer computed none
        offset = file.tell()
        header = struct.pack("<HHHHHIIIHH", 0, 0, method, 0, 0, crc, stored, length, len(name), 0)
        file.write(b"PK\x03\x04" + header + name)
        file.write(content) if content else file.seek(length, 1)
        directory += b"PK\x01\x02\0\0" + header + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name
    begin = file.tell()
    file.write(directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory), begin, 0))
