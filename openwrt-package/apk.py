#!/usr/bin/env python3
"""Writes a package in the format of apk-tools 3, for build-apk.

    apk.py OUT --files FOLDER [--scripts FOLDER] FIELD=VALUE…

The format is that of apk-v3(5): a deflated sequence of blocks, the first of which is a tree of
objects that describes the package, each further one the content of a file. `apk mkpkg` writes the
same; where OpenWrt's build host is not at hand, nothing else does. All files belong to root, and
all have the time SOURCE_DATE_EPOCH.
"""

import argparse
import hashlib
import os
import stat
import struct
import zlib

# What a value is: the high four bits of its word.
INT, INT32, INT64 = 0x1, 0x2, 0x3
BLOB8, BLOB16, BLOB32 = 0x8, 0x9, 0xA
ARRAY, OBJECT = 0xD, 0xE
NULL = 0
# What a block is: the high two bits of its word.
BLOCK_TREE, BLOCK_DATA = 0, 2

# The slots of the objects. Slot 0 holds how many there are.
INFO = ["name", "version", "hashes", "description", "arch", "license", "origin", "maintainer", "url",
        "repo-commit", "build-time", "installed-size", "file-size", "provider-priority", "depends",
        "provides", "replaces", "install-if", "recommends", "layer", "tags"]
SCRIPTS = ["trigger", "pre-install", "post-install", "pre-deinstall", "post-deinstall", "pre-upgrade",
           "post-upgrade"]
# As long as a SHA-1, of which it takes the place.
UNIQUE_ID = bytes(20)


class Tree:
    """The tree of objects, written from its leaves to its root."""

    def __init__(self):
        self.data = bytearray(8)  # its version, and the root
        self.known = {}

    def put(self, data, alignment):
        """Where these bytes are; the same ones are written once."""
        at = self.known.get((data, alignment))
        if at is None:
            self.data += bytes(-len(self.data) % alignment)
            at = len(self.data)
            self.data += data
            self.known[(data, alignment)] = at
        return at

    def word(self, kind, value):
        return kind << 28 | value

    def blob(self, data):
        data = data.encode() if isinstance(data, str) else data
        if not data:
            return NULL
        for kind, length, limit in (BLOB8, "<B", 0x100), (BLOB16, "<H", 0x10000), (BLOB32, "<I", 1 << 32):
            if len(data) < limit:
                at = self.put(struct.pack(length, len(data)) + data, struct.calcsize(length))
                return self.word(kind, at)
        raise ValueError("too long")

    def number(self, number):
        if number < 1 << 28:
            return self.word(INT, number)
        if number < 1 << 32:
            return self.word(INT32, self.put(struct.pack("<I", number), 4))
        return self.word(INT64, self.put(struct.pack("<Q", number), 4))

    def slots(self, kind, values):
        while values and values[-1] == NULL:
            values = values[:-1]
        if not values:
            return NULL
        data = struct.pack(f"<{len(values) + 1}I", len(values) + 1, *values)
        return self.word(kind, self.put(data, 4))

    def array(self, values):
        return self.slots(ARRAY, list(values))

    def object(self, values):
        return self.slots(OBJECT, list(values))

    def acl(self, mode):
        return self.object([self.number(mode & 0o7777), self.blob("root"), self.blob("root")])


def block(kind, data):
    size = 4 + len(data)
    return struct.pack("<I", kind << 30 | size) + data + bytes(-size % 8)


def info(tree, fields, size):
    fields = dict(fields)
    values = []
    for name in INFO:
        text = fields.pop(name, "")
        if name == "hashes":
            values.append(tree.blob(UNIQUE_ID))
        elif name == "installed-size":
            values.append(tree.number(size))
        elif name == "depends":
            values.append(tree.array(tree.object([tree.blob(on)]) for on in sorted(set(text.split()))))
        elif name == "tags":
            values.append(tree.array(tree.blob(tag) for tag in text.split()))
        else:
            values.append(tree.blob(text))
    if fields:
        raise SystemExit(f"apk.py: unknown fields: {' '.join(fields)}")
    return tree.object(values)


def folders(root):
    """The folders below root with their files, in the order of their bytes."""
    found = []
    for folder, _, _ in os.walk(root):
        path = os.path.relpath(folder, root)
        names = [name for name in os.listdir(folder)
                 if os.path.islink(os.path.join(folder, name)) or not os.path.isdir(os.path.join(folder, name))]
        found.append(("" if path == "." else path, folder, sorted(names, key=os.fsencode)))
    return sorted(found, key=lambda f: os.fsencode(f[0]))


def file(tree, path, name, time):
    """A file's object, and its content unless the object says it all."""
    status = os.lstat(path)
    acl, time = tree.acl(status.st_mode), tree.number(time)
    if stat.S_ISLNK(status.st_mode):
        # A link's mode is 0777 wherever it lies.
        target = struct.pack("<H", stat.S_IFLNK) + os.fsencode(os.readlink(path))
        return tree.object([tree.blob(name), tree.acl(0o777), tree.number(0), time, NULL, tree.blob(target)]), b""
    if not stat.S_ISREG(status.st_mode):
        raise SystemExit(f"apk.py: {path} is no file")
    with open(path, "rb") as opened:
        content = opened.read()
    sum = tree.blob(hashlib.sha256(content).digest())
    return tree.object([tree.blob(name), acl, tree.number(len(content)), time, sum]), content


def package(root, scripts, fields, time):
    tree, data, size, paths = Tree(), [], 0, []
    for at, (path, folder, names) in enumerate(folders(root), 1):
        files = []
        for index, name in enumerate(names, 1):
            described, content = file(tree, os.path.join(folder, name), name, time)
            files.append(described)
            size += len(content)
            if content:
                data.append(block(BLOCK_DATA, struct.pack("<II", at, index) + content))
        acl = tree.acl(os.stat(folder).st_mode)
        paths.append(tree.object([tree.blob(path), acl, tree.array(files)]))
    described = info(tree, fields, size)
    root = tree.object([described, tree.array(paths), tree.object(tree.blob(scripts.get(s, b"")) for s in SCRIPTS)])
    struct.pack_into("<I", tree.data, 4, root)
    # Known by its content: the sum with the id's place left empty becomes the id.
    at = tree.known[(bytes([len(UNIQUE_ID)]) + UNIQUE_ID, 1)] + 1
    tree.data[at:at + len(UNIQUE_ID)] = hashlib.sha256(tree.data).digest()[:len(UNIQUE_ID)]
    return b"ADB.pckg" + block(BLOCK_TREE, bytes(tree.data)) + b"".join(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("fields", nargs="*", metavar="FIELD=VALUE")
    parser.add_argument("--files", required=True)
    parser.add_argument("--scripts")
    given = parser.parse_intermixed_args()
    scripts = {}
    for name in os.listdir(given.scripts) if given.scripts else ():
        if name not in SCRIPTS:
            raise SystemExit(f"apk.py: unknown script: {name}")
        with open(os.path.join(given.scripts, name), "rb") as opened:
            scripts[name] = opened.read()
    fields = dict(field.split("=", 1) for field in given.fields)
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = package(given.files, scripts, fields, time)
    with open(given.out, "wb") as out:
        out.write(b"ADBd" + compressor.compress(data) + compressor.flush())


main()
