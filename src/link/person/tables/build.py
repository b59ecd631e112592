#!/usr/bin/env python3
"""Builds the character tables beside this script from openly licensed data; Python's standard library only.

    build.py SOURCES           write look_alikes.tsv, readings.tsv and variants.tsv
    build.py SOURCES --check   fail when one of them is not what the sources give

SOURCES holds the two files of `FILES`, which `make tables-sources` fetches by name and version. What the tables hold and
how they are made stands in README.md.
"""

import bz2
import functools
import hashlib
import io
import json
import lzma
import pathlib
import sys
import tarfile
import unicodedata
import zipfile
from collections import defaultdict

HERE = pathlib.Path(__file__).parent
UNICODE = "unicode-data_15.0.0-1_all.deb"
STROKES = "char_similar-0.0.2-py2.py3-none-any.whl"
FILES = {
    UNICODE: "5efef23bbb1c6a133ecbdd63a2cfa07159ccacf5466a49e2426101c5ecd691fc",
    STROKES: "18d25caff0cd430bb142277320df5061e1997165b1cb8f47bfdc4b5d2ec09adc",
}

# Weights of the likeness of two characters, and the least likeness of look-alikes, of 21. Set so that pairs known to be
# confused are in and two characters of names taken at random are not (see README.md).
BY_STROKES, BY_PARTS, BY_CORNERS, BY_RADICAL = 9.0, 7.0, 4.0, 1.0
LEAST = 12.9
# The most look-alikes that one character keeps, nearest first.
MOST = 12


def main():
    sources = pathlib.Path(sys.argv[1])
    for name, digest in FILES.items():
        found = hashlib.sha256((sources / name).read_bytes()).hexdigest()
        if found != digest:
            sys.exit(f"{sources / name}: sha256 is {found}, expected {digest}")
    unihan = Unihan((sources / UNICODE).read_bytes())
    with zipfile.ZipFile(sources / STROKES) as wheel:
        strokes = json.loads(wheel.read("char_similar/data/char_order.dict").decode())
    tables = {
        "look_alikes.tsv": look_alikes(unihan, strokes),
        "readings.tsv": readings(unihan),
        "variants.tsv": variants(unihan),
    }
    stale = []
    for name, rows in tables.items():
        text = header(name) + "".join(f"{key}\t{value}\n" for key, value in rows)
        if "--check" not in sys.argv:
            (HERE / name).write_text(text, encoding="utf-8", newline="\n")
        elif (HERE / name).read_text(encoding="utf-8") != text:
            stale.append(name)
        print(f"{name}: {len(rows)} lines, {len(text.encode())} bytes")
    if stale:
        sys.exit(f"not what the sources give: {', '.join(stale)}; run `make tables`")


def header(name):
    source = "Unicode Character Database 15.0, Unihan (Unicode licence)"
    if name == "look_alikes.tsv":
        source += "; stroke orders of char-similar 0.0.2 (MIT)"
    return f"# Made by build.py, not by hand. From: {source}. See README.md.\n"


class Unihan:
    """The properties of characters, by property and character, out of Debian's package."""

    def __init__(self, deb):
        self.properties = defaultdict(dict)
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress(member(deb, b"data.tar.xz")))) as tar:
            for entry in tar:
                name = pathlib.PurePath(entry.name).name
                if name.startswith("Unihan_") and name.endswith(".txt.bz2"):
                    self.read(bz2.decompress(tar.extractfile(entry).read()).decode())
        # The characters of the General Standard (通用规范汉字表, 2013), in its order.
        standard = self.properties["kTGH"]
        self.standard = sorted(standard, key=lambda c: int(standard[c].split(":")[1]))

    def read(self, text):
        for line in text.splitlines():
            if line and not line.startswith("#"):
                code, name, value = line.split("\t")
                self.properties[name][chr(int(code[2:], 16))] = value

    def get(self, name, char):
        return self.properties[name].get(char, "")

    def targets(self, name, char):
        """The characters that a property of variants names."""
        return [chr(int(value.split("<")[0][2:], 16)) for value in self.get(name, char).split()]


def member(archive, name):
    """One file of an `ar` archive, which a Debian package is."""
    at = 8
    while at < len(archive):
        head = archive[at : at + 60]
        size = int(head[48:58])
        if head[:16].rstrip(b" /") == name:
            return archive[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    sys.exit(f"no {name.decode()} in the package")


def variants(unihan):
    """The standard character of each variant; each standard character stands for itself."""
    standard = set(unihan.standard)
    # Also 昇 (of which others make 升), 乾 and 喆: in names each is a character of its own.
    rows = {char: char for char in standard}
    for char in sorted({c for name in RELATIONS for c in unihan.properties[name]}):
        named = {t for name in RELATIONS for t in unihan.targets(name, char)} - {char}
        if char in standard:
            continue
        found = named & standard
        for other in named - standard:
            found |= set(unihan.targets("kSimplifiedVariant", other)) & standard
        if len(found) == 1:
            rows[char] = found.pop()
    return sorted(rows.items())


RELATIONS = ["kSimplifiedVariant", "kSemanticVariant", "kZVariant"]


def readings(unihan):
    """The readings without tone of standard characters that have several."""
    rows = []
    for char in sorted(unihan.standard):
        found = []
        for entry in unihan.get("kTGHZ2013", char).split():
            for reading in entry.split(":")[1].split(","):
                plain = toneless(reading)
                if plain and plain not in found:
                    found.append(plain)
        if len(found) > 1:
            rows.append((char, " ".join(sorted(found))))
    return rows


def toneless(reading):
    tones = {"\u0300", "\u0301", "\u0304", "\u030c"}
    letters = (c for c in unicodedata.normalize("NFD", reading) if c not in tones)
    plain = unicodedata.normalize("NFC", "".join(letters))
    return plain if plain and all(c in "abcdefghijklmnopqrstuvwxyzü" for c in plain) else ""


def look_alikes(unihan, strokes):
    """For each standard character those that look like it, nearest first."""
    parts = {c: unihan.get("kCangjie", c) for c in unihan.standard}
    corners = {c: [v.split(".")[0] for v in unihan.get("kFourCornerCode", c).split()] for c in unihan.standard}
    radical = {c: unihan.get("kRSUnicode", c).split()[0].split(".")[0].rstrip("'") for c in unihan.standard}
    chars = [c for c in unihan.standard if c in strokes and parts[c]]
    counts = {c: [strokes[c].count(kind) for kind in "12345"] for c in chars}
    near = defaultdict(list)
    for a, b in candidates(chars, parts, corners):
        # Where one has no code, as simplified characters added late, nothing is known: one corner is what chance gives.
        agree = [sum(x == y for x, y in zip(p, q)) for p in corners[a] for q in corners[b]]
        alike = max(agree, default=1)
        known = BY_CORNERS * alike / 4 + BY_RADICAL * (radical[a] == radical[b])
        known += BY_PARTS * likeness(parts[a], parts[b])
        if strokes[a] == strokes[b] and alike >= 2:
            # The same strokes in the same order in much the same places: 士 and 土, 天 and 夫.
            known = max(known, LEAST - BY_STROKES)
        if known + BY_STROKES * most_likeness(counts[a], counts[b]) >= LEAST:
            known += BY_STROKES * likeness(strokes[a], strokes[b])
            if known >= LEAST:
                near[a].append((-known, b))
                near[b].append((-known, a))
    for char in unihan.standard:
        for other in unihan.targets("kSpoofingVariant", char):
            if other in parts and other != char:
                near[char].append((-21.0, other))
                near[other].append((-21.0, char))
    kept = set()
    for char, others in near.items():
        for _, other in list(dict.fromkeys(sorted(others)))[:MOST]:
            kept |= {(char, other), (other, char)}
    rows = []
    for char in sorted(near):
        others = dict.fromkeys(b for _, b in sorted(near[char]) if (char, b) in kept)
        rows.append((char, "".join(others)))
    return rows


def candidates(chars, parts, corners):
    """Pairs that share two corners, or all parts but one: others cannot be alike enough to matter."""
    groups = defaultdict(set)
    for c in chars:
        for code in corners[c]:
            for i in range(4):
                for j in range(i + 1, 4):
                    groups["corners", i, code[i], j, code[j]].add(c)
        for i in range(len(parts[c])):
            groups["parts", parts[c][:i] + parts[c][i + 1 :]].add(c)
        groups["parts", parts[c]].add(c)
    order = {c: i for i, c in enumerate(chars)}
    pairs = set()
    for group in groups.values():
        members = sorted(order[c] for c in group)
        for i, a in enumerate(members):
            pairs.update((a, b) for b in members[i + 1 :])
    return [(chars[a], chars[b]) for a, b in sorted(pairs)]


def most_likeness(a, b):
    """What the likeness of two sequences cannot exceed, by how often each kind of stroke is in them."""
    more = less = 0
    for x, y in zip(a, b):
        if x > y:
            more += x - y
        else:
            less += y - x
    return 1 - max(more, less) / max(sum(a), sum(b))


@functools.cache
def likeness(a, b):
    """One minus the share of edits (change, insertion, deletion, swap of neighbours) of the longer sequence."""
    before, last = [], list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            least = min(last[j] + (x != y), last[j + 1] + 1, row[j] + 1)
            if i and j and x == b[j - 1] and a[i - 1] == y:
                least = min(least, before[j - 1] + 1)
            row.append(least)
        before, last = last, row
    return 1 - last[-1] / max(len(a), len(b))


if __name__ == "__main__":
    main()
