#!/usr/bin/env python3
"""Turns a catalogue of texts (PO) into the form that LuCI reads (LMO), for build-ipk and build-apk.

    lmo.py IN.po OUT.lmo

An LMO file holds the translations, each padded to four bytes; then for each the hash of its text, the
number of its plural forms, where it is and how long; then where that index begins. All numbers are of
32 bits, big end first; the index is sorted by hash. A plural form's text is followed by a byte 2 and
its number; the rule of plurals has the hash 0.
"""

import ast
import struct
import sys

MASK = 0xFFFFFFFF


def fold(text):
    """Paul Hsieh's SuperFastHash of the bytes, begun with their number; bytes are signed."""
    data, value = text.encode(), len(text.encode())
    pairs = lambda at: data[at] | data[at + 1] << 8
    signed = lambda at: data[at] - 256 if data[at] > 127 else data[at]
    at = 0
    while at + 4 <= len(data):
        value = (value + pairs(at)) & MASK
        value = ((value << 16) ^ (pairs(at + 2) << 11) ^ value) & MASK
        value = (value + (value >> 11)) & MASK
        at += 4
    rest = len(data) - at
    if rest >= 2:
        value = (value + pairs(at)) & MASK
        value ^= value << (16 if rest == 3 else 11) & MASK
        value ^= signed(at + 2) << 18 & MASK if rest == 3 else 0
        value = (value + (value >> (11 if rest == 3 else 17))) & MASK
    elif rest == 1:
        value = (value + signed(at)) & MASK
        value ^= value << 10 & MASK
        value = (value + (value >> 1)) & MASK
    for left, right in ((3, 5), (4, 17), (25, 6)):
        value ^= value << left & MASK
        value = (value + (value >> right)) & MASK
    return value


def entries(lines):
    """(text, has plurals, [translations]) of a catalogue."""
    entry, key = {}, None
    for line in [*lines, 'msgid ""']:
        word, _, rest = line.partition(" ")
        if word == "msgid" and "msgstr" in str(entry.keys()):
            said = [entry[k] for k in sorted(entry) if k.startswith("msgstr")]
            yield entry.get("msgid", ""), "msgid_plural" in entry, said
            entry = {}
        if word.startswith("msg"):
            key, entry[word] = word, ast.literal_eval(rest)
        elif line.startswith('"') and key:
            entry[key] += ast.literal_eval(line)


def main(source, target):
    values, index = b"", []

    def add(key, forms, value):
        nonlocal values
        data = value.encode()
        index.append((key, forms, len(values), len(data)))
        values += data + bytes(-len(data) % 4)

    for text, plurals, said in entries(open(source, encoding="utf-8").read().splitlines()):
        if not text:
            rules = [line for line in said[0].split("\n") if line.startswith("Plural-Forms: ")]
            for rule in rules:
                add(0, 0, rule[len("Plural-Forms: "):])
            continue
        for number, value in enumerate(said):
            key = fold(f"{text}\x02{number}" if plurals else text)
            # What stands for itself need not be looked up.
            if value and key != fold(value):
                add(key, number + 1, value)
    with open(target, "wb") as out:
        out.write(values)
        for row in sorted(index):
            out.write(struct.pack(">IIII", *row))
        out.write(struct.pack(">I", len(values)))


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(*sys.argv[1:])
