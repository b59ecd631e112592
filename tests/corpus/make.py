"""Makes the corpus: every file, its expectation beside it, and the contracts.

Usage: python3 tests/corpus/make.py [--check]

Gives the same bytes on every machine. With --check nothing is written; what differs is told and the exit code is 1. Files
below files/found are not made here: they were found by fuzzing and are kept as they are.
Needs, besides Python 3.11's own library, what tests/corpus/requirements.txt names.
"""

import pathlib
import sys

from making import base, books, contracts, hostile, old, texts, values

HERE = pathlib.Path(__file__).resolve().parent
KEPT = HERE / "files" / "found"


def main():
    for part in (contracts, texts, books, values, hostile, old):
        part.make()
    wanted = {HERE / "contracts" / name: content.encode() for name, content in base.CONTRACTS.items()}
    for path, content in base.FILES.items():
        wanted[HERE / "files" / path] = content
        wanted[HERE / "files" / f"{path}.expect.toml"] = base.EXPECTATIONS[path].encode()
    there = {p for folder in ("files", "contracts") for p in (HERE / folder).rglob("*") if p.is_file() and KEPT not in p.parents}
    if "--check" in sys.argv:
        wrong = sorted(there ^ set(wanted)) + sorted(p for p in there & set(wanted) if p.read_bytes() != wanted[p])
        for path in wrong:
            print(f"differs: {path.relative_to(HERE)}")
        sys.exit(bool(wrong))
    for path in there - set(wanted):
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(base.FILES)} files, {sum(map(len, base.FILES.values())) >> 10} KB, {len(base.CONTRACTS)} contracts")


main()
