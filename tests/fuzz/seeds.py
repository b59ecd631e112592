"""Seeds of a format: the corpus' files as they are, and archives once more taken apart.

Usage: python3 tests/fuzz/seeds.py FORMAT FOLDER

A change to any byte of an archive breaks its sums, and the fuzzer would never come to what is inside. So each archive is also
given as its parts in a row, which the target puts together again (ingest.rs: `whole`).
"""

import hashlib
import pathlib
import sys
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus/files"
LARGEST = 1 << 16


def main():
    ending, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    put = lambda bytes: (folder / hashlib.sha256(bytes).hexdigest()[:16]).write_bytes(bytes)
    count = 0
    for path in sorted(CORPUS.rglob(f"*.{ending}")):
        content = path.read_bytes()
        if len(content) <= LARGEST:
            put(content)
            count += 1
        try:
            with zipfile.ZipFile(path) as archive:
                sizes = sum(i.file_size for i in archive.infolist())
                parts = [(n, archive.read(n)) for n in archive.namelist()] if sizes <= LARGEST else []
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError):
            parts = []
        if parts:
            put(b"".join(b"\x1ePART " + name.encode() + b"\n" + part for name, part in parts))
            count += 1
    print(f"{count} seeds")


main()
