"""Makes the corpus: every file, its expectation beside it, and the contracts.

Usage: python3 tests/corpus/make.py [--check | --office]

Gives the same bytes on every machine. With --check nothing is written; what differs is told and the exit code is 1. Files
below files/found are not made here: they were found by fuzzing and are kept as they are. With --office LibreOffice writes its
files of formats/ anew; without, they are kept too.
Needs, besides Python 3.11's own library, what tests/corpus/requirements.txt names.
"""

import pathlib
import sys

from making import base, books, contracts, hostile, office, old, texts, values

HERE = pathlib.Path(__file__).resolve().parent
KEPT = HERE / "files" / "found"
FORMATS = HERE / "formats"
BY_OFFICE = {FORMATS / f"名册.{ending}" for ending in ("xls", "ods", "xlsx")}


def main():
    if "--office" in sys.argv:
        office.by_libreoffice(FORMATS)
    for part in (contracts, texts, books, values, hostile, old):
        part.make()
    wanted = {HERE / "contracts" / name: content.encode() for name, content in base.CONTRACTS.items()}
    for path, content in base.FILES.items():
        wanted[HERE / "files" / path] = content
        wanted[HERE / "files" / f"{path}.expect.toml"] = base.EXPECTATIONS[path].encode()
    wanted.update((FORMATS / name, content) for name, content in office.by_xlwt().items())
    folders = ("files", "contracts", "formats")
    there = {p for folder in folders for p in (HERE / folder).rglob("*") if p.is_file() and KEPT not in p.parents} - BY_OFFICE
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
