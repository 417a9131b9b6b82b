#!/usr/bin/env python3
"""Unpacks a package of apk-tools 3, where there is no apk: prints its fields, writes its files and
its scripts. What a file's sum or size does not fit ends it.

    unpack_apk.py PACKAGE FILES SCRIPTS
"""

import hashlib
import os
import struct
import sys
import zlib

with open(sys.argv[1], "rb") as opened:
    packed = opened.read()
assert packed[:4] == b"ADBd", "not deflated"
inflate = zlib.decompressobj(-15)
data = inflate.decompress(packed[4:]) + inflate.flush()
assert inflate.eof and not inflate.unused_data, "not whole"
assert data[:8] == b"ADB.pckg", "no package"

blocks, at = [], 8
while at < len(data):
    (word,) = struct.unpack_from("<I", data, at)
    size = word & 0x3FFFFFFF
    blocks.append((word >> 30, data[at + 4:at + size]))
    at += (size + 7) // 8 * 8
assert at == len(data) and [kind for kind, _ in blocks] == [0] + [2] * (len(blocks) - 1)
tree = blocks[0][1]


def read(word):
    kind, value = word >> 28, word & 0x0FFFFFFF
    if kind == 1:
        return value
    if kind == 2:
        return struct.unpack_from("<I", tree, value)[0]
    if kind in (8, 9, 10):
        form = {8: "<B", 9: "<H", 10: "<I"}[kind]
        start = value + struct.calcsize(form)
        return tree[start:start + struct.unpack_from(form, tree, value)[0]]
    if kind in (13, 14):
        (count,) = struct.unpack_from("<I", tree, value)
        return [read(word) for word in struct.unpack_from(f"<{count - 1}I", tree, value + 4)]
    assert word == 0, hex(word)
    return None


def slot(values, index):
    return values[index - 1] if index <= len(values) else None


info, paths, scripts = read(struct.unpack_from("<I", tree, 4)[0])
without = bytearray(tree)
start = bytes(tree).index(b"\x14" + info[2]) + 1
without[start:start + 20] = bytes(20)
assert hashlib.sha256(without).digest()[:20] == info[2], "the id does not fit"
for name, index in ("name", 1), ("version", 2), ("description", 4), ("arch", 5), ("license", 6):
    print(f"{name}: {slot(info, index).decode()}")
print("depends:", *(on[0].decode() for on in slot(info, 15) or ()))
print("installed-size:", slot(info, 12))

contents = {struct.unpack_from("<II", block): block[8:] for _, block in blocks[1:]}
for at, path in enumerate(paths, 1):
    name, acl = slot(path, 1) or b"", slot(path, 2)
    assert acl[1:3] == [b"root", b"root"]
    folder = os.path.join(os.fsencode(sys.argv[2]), name)
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, acl[0])
    files = slot(path, 3) or []
    assert [file[0] for file in files] == sorted(file[0] for file in files)
    for index, file in enumerate(files, 1):
        content = contents.pop((at, index), b"")
        assert slot(file, 3) == len(content) and slot(file, 5) == hashlib.sha256(content).digest(), file[0]
        assert slot(file, 2)[1:3] == [b"root", b"root"]
        target = os.path.join(folder, file[0])
        with open(target, "wb") as opened:
            opened.write(content)
        os.chmod(target, slot(file, 2)[0])
        os.utime(target, (slot(file, 4),) * 2)
assert not contents, "contents of no file"
names = ["trigger", "pre-install", "post-install", "pre-deinstall", "post-deinstall", "pre-upgrade", "post-upgrade"]
os.makedirs(sys.argv[3], exist_ok=True)
for name, script in zip(names, scripts):
    if script:
        with open(os.path.join(sys.argv[3], name), "wb") as opened:
            opened.write(script)
