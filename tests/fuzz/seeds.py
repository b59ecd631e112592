"""Seeds of a format: the corpus' files of that format, and archives once more taken apart.

Usage: python3 tests/fuzz/seeds.py FORMAT FOLDER      (FORMAT: csv xlsx xls xlsb ods html xml dbf json parquet zip)

What a file is is told by its content, as a web page may be called .xls. A change to any byte of an archive breaks its sums,
and the fuzzer would never come to what is inside. So each archive is also given as its parts in a row, which the target puts
together again (ingest.rs: `whole`).
"""

import hashlib
import io
import pathlib
import sys
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus"
LARGEST = 1 << 16


def format_of(path, content):
    ending = path.suffix[1:].lower()
    head = content[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    if content.startswith(b"PK"):
        if b"opendocument.spreadsheet" in content[:200]:
            return "ods"
        if b"xl/workbook.bin" in content:
            return "xlsb"
        if b"xl/" in content or b"[Content_Types]" in content:
            return "xlsx"
        return ending if ending in ("xlsx", "xlsb", "ods") else "zip"
    if content.startswith((b"\xd0\xcf\x11\xe0", b"\x09\x08", b"\x09\x04\x06", b"\x09\x02\x06")):
        return "xls"
    if content.startswith(b"PAR1"):
        return "parquet"
    if b"office:spreadsheet" in head and head.startswith(b"<"):
        return "xml"
    if head.startswith(b"<") or b"<table" in head:
        return "html"
    if head.startswith((b"{\"", b"[{")):
        return "json"
    return {"jsonl": "json", "txt": "csv", "tsv": "csv"}.get(ending, ending)


def main():
    wanted, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    put = lambda bytes: (folder / hashlib.sha256(bytes).hexdigest()[:16]).write_bytes(bytes)
    for path in sorted(p for p in CORPUS.rglob("*") if p.is_file() and p.suffix not in (".toml", ".py", ".md", ".pyc")):
        content = path.read_bytes()
        if format_of(path, content) != wanted:
            continue
        if len(content) <= LARGEST:
            put(content)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                sizes = sum(i.file_size for i in archive.infolist())
                parts = [(n, archive.read(n)) for n in archive.namelist()] if sizes <= LARGEST else []
        except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError, NotImplementedError):
            parts = []
        if parts:
            put(b"".join(b"\x1ePART " + name.encode() + b"\n" + part for name, part in parts))
    print(f"{len(list(folder.iterdir()))} seeds")


main()
