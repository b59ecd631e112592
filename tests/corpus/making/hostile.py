"""Files that are not what they say, are broken or mean harm (reliability.md 1–3, 10, 21–23, 30)."""

import io
import struct
import warnings
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from .base import HEAD, LI, MAIN, ROWS, WANG, XML, ZHANG, Sheet, book, case, csv, edited, parts, people, raw_row, raw_sheet, zipped

TABLE = csv([HEAD, *ROWS])
BOOK = [HEAD, *ROWS]


def make():
    not_what_they_say()
    broken_archives()
    bombs()
    sheets()
    parquet()


def xlsx(name, content, what, faults=(1,), contract="people_xlsx", **keys):
    for record in keys.get("records", []):
        record.setdefault("sheet", "Sheet1")
    for key in ("rejects", "findings"):
        if key in keys:
            keys[key] = [("Sheet1", *a) for a in keys[key]]
    case(f"hostile/{name}", content, contract, what, faults, **keys)


def compound(*streams):
    """The outline of Office's old compound file: its signature and the UTF-16 names of its streams in a directory sector."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (512 - len(header) - 4)
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    entries = b""
    for i, name in enumerate(["Root Entry", *streams]):
        raw = name.encode("utf-16le")
        entries += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw) + 2, 5 if i == 0 else 2, 1, 0xFFFFFFFF, 0xFFFFFFFF, 1 if i == 0 else 0xFFFFFFFF) + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)
    return header + fat + entries.ljust(512, b"\0")


def not_what_they_say():
    xlsx("csv_named.xlsx", TABLE, "delimited text under a workbook's name", refused="ingest.text_as_workbook")
    xlsx("pdf_named.xlsx", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "a printed document under a workbook's name", refused="ingest.not_table")
    xlsx("binary.xlsx", bytes(range(256)) * 4, "bytes of no format", refused="ingest.not_table")
    xlsx("empty.xlsx", b"", "no bytes: perhaps still being copied", (1, 30), problems=["ingest.empty_file"])
    xlsx("password.xlsx", compound("EncryptedPackage", "EncryptionInfo"), "a workbook under a password", (30,), refused="ingest.password")
    xlsx("lock.xlsx", b"\x05admin" + b" " * 49 + b"\x05\0a\0d\0m\0i\0n\0" + b" \0" * 49, "Excel's lock file beside an open workbook", (30,), delivered_as="~$名册.xlsx", problems=["ingest.left_out"])
    xlsx("word.docx", zipped({"[Content_Types].xml": f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>', "word/document.xml": f"{XML}<document/>"}), "a letter", refused="ingest.not_table")
    xlsx("no_workbook_part.xlsx", zipped({"说明.txt": "见附件"}), "an archive with a note in it is a delivery, and the note no workbook", refused="ingest.text_as_workbook")
    case("hostile/pdf_named.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "people_csv", "a printed document under a text file's name", [1], refused="ingest.not_table")
    case("hostile/png_named.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(200)), "people_csv", "a picture under a text file's name", [1], refused="ingest.not_table")
    case("hostile/zeros.csv", bytes(2000), "people_csv", "zeros alone: a disk that broke off", [1], refused="ingest.not_table")
    case("hostile/one_long_line.csv", b",".join([b"a"] * 20000), "people_csv", "twenty thousand cells in one line: more columns than a sheet can have", [3], refused="ingest.oversized")
    wide = [*ROWS[1], *["x"] * 20000]
    case("hostile/many_cells.csv", csv([HEAD, *ROWS * 4, wide]), "people_all", "a row of twenty thousand cells below the headings waits, the others go on", [3], read=13, quarantined=1, rejects=[(14, "row.width")])
    case("hostile/many_cells_early.csv", csv([HEAD, ROWS[0], wide, ROWS[2]]), "people_csv", "such a row among the first ones, which are kept while the headings are looked for", [3], refused="ingest.oversized")
    case("hostile/quotes_alone.csv", csv([HEAD]) + '"' * 5001, "people_csv", "five thousand quotes", [23], read=1, quarantined=1, rejects=[(2, "row.quote")])


def broken_archives():
    whole = book(BOOK)
    xlsx("cut_half.xlsx", whole[: len(whole) // 2], "a workbook cut in half", refused="ingest.truncated")
    xlsx("cut_last_byte.xlsx", whole[:-1], "a workbook without its last byte", refused="ingest.truncated")
    xlsx("cut_first_kilobyte.xlsx", whole[:1024], "the first kilobyte of a workbook", refused="ingest.truncated")
    at = whole.index("李秀兰".encode())
    xlsx("flipped_byte.xlsx", whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], "one bit of a name turned: the archive's own sum tells", refused="ingest.truncated")
    xlsx("sheet_cut.xlsx", edited(BOOK, sheet1=lambda x: x[: len(x) // 2]), "a sheet whose XML ends in the middle", refused="ingest.truncated")
    xlsx("sheet_gone.xlsx", zipped({k: v for k, v in parts([BOOK]).items() if "sheet1" not in k}), "the index names a sheet that is not there", refused="ingest.broken_workbook")
    xlsx("strings_cut.xlsx", edited(BOOK, sharedStrings=lambda x: x[: len(x) // 2]), "a table of shared texts that ends in the middle", refused="ingest.truncated")
    bad = zipped({**parts([BOOK]), "xl/sharedStrings.xml": parts([BOOK])["xl/sharedStrings.xml"].encode().replace("李秀兰".encode(), b"\xff\xfe\xfd")})
    xlsx("not_utf8.xlsx", bad, "a name whose bytes are no text: a damaged file, not a name", (1, 4), refused="ingest.truncated")
    xlsx("part_twice.xlsx", twice("xl/worksheets/sheet1.xml"), "two sheets under one name in the archive: readers differ in which they take, and the other would be lost", (1,), refused="ingest.zip_duplicate")
    xlsx("part_in_other_case.xlsx", twice("XL/worksheets/Sheet1.XML"), "the same with names that differ in case only, which readers take for one", (1,), refused="ingest.zip_duplicate")
    locked = bytearray(whole)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.find(signature) + offset] |= 1
    xlsx("password_part.xlsx", bytes(locked), "a workbook zipped under a password by a packing program", (30,), refused="ingest.password")
    traversal = zipped([("../../../../tmp/bidui-evil.sh", "#!/bin/sh\n"), ("/etc/bidui-evil", "x"), *parts([BOOK]).items()])
    xlsx("traversal.xlsx", traversal, "parts named to land outside of any folder; nothing is ever unpacked", (22,), read=3, records=people())


def twice(name):
    """A workbook with its only sheet, and another sheet under this name."""
    with warnings.catch_warnings(action="ignore"):
        return zipped([*parts([BOOK]).items(), (name, parts([[HEAD, ROWS[0]]])["xl/worksheets/sheet1.xml"])])


def bombs():
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = zeros.compress(bytes(80 << 20)) + zeros.flush()
    crc = zlib.crc32(bytes(80 << 20))
    xlsx("bomb.xlsx", with_member(parts([BOOK]), "xl/media/image1.bin", deflated, 80 << 20, crc), "eighty megabytes of zeros in eighty kilobytes", (2,), refused="ingest.oversized")
    xlsx("bomb_lies.xlsx", with_member(parts([BOOK]), "xl/media/image1.bin", deflated, 100, crc), "the same with a directory that says a hundred bytes: an archive that contradicts itself is a damaged one", (2,), refused="ingest.truncated")
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    laughs = lambda x: x.replace(XML, f'{XML}<!DOCTYPE lolz [<!ENTITY l0 "lol">{entities}]>').replace("张建国", "&l9;")
    xlsx("entities.xlsx", edited(BOOK, sharedStrings=laughs), "entities that unfold to a thousand million", (2,), refused="ingest.truncated")
    outside = lambda x: x.replace(XML, f'{XML}<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace("张建国", "&e;")
    xlsx("outside_entity.xlsx", edited(BOOK, sharedStrings=outside), "an entity that would read a file of this machine", (2, 22), refused="ingest.truncated")
    xlsx("strings_announced.xlsx", edited(BOOK, sharedStrings=lambda x: x.replace('uniqueCount="12"', 'uniqueCount="4000000000"')), "four thousand million shared texts announced", (2, 3), refused="ingest.oversized")


def with_member(files, name, deflated, size, crc):
    """An archive with a member that is deflated already and may lie about its size."""
    out = io.BytesIO(zipped(files))
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 0, 0
        info.header_offset = archive.start_dir
        info.CRC, info.compress_size, info.file_size = crc, len(deflated), size
        archive.fp.seek(archive.start_dir)
        archive.fp.write(info.FileHeader(False) + deflated)
        archive.start_dir = archive.fp.tell()
        archive.filelist.append(info)
        archive.NameToInfo[name] = info
        archive._didModify = True
    return out.getvalue()


def sheets():
    row = raw_row(2, ROWS[0])
    row3 = raw_row(3, ROWS[1])
    far = raw_row(1048576, ["x"], ["XFD1048576"])
    good = people()[:1]
    xlsx("far_cell.xlsx", raw_sheet(row + far), "a cell in the last corner of the sheet: a listed row without the contract's columns, and no memory", (3,), read=1, not_data=1, rejects=[(1048576, "row.no_value")], records=good)
    xlsx("far_cell_dimension.xlsx", raw_sheet(row + far, before='<dimension ref="A1:XFD1048576"/>'), "the same with its dimension", (3,), read=1, not_data=1, rejects=[(1048576, "row.no_value")], records=good)
    xlsx("absurd_dimension.xlsx", raw_sheet(row, before='<dimension ref="A1:XFD1048576"/>'), "a dimension of the whole sheet over two rows", (3,), read=1, records=good)
    xlsx("dimension_of_one_cell.xlsx", raw_sheet(row, before='<dimension ref="A1"/>'), "a dimension of one cell over a table", (3, 33), read=1, records=good)
    for name, ref in [("backwards", "C9:A1"), ("beyond", "A1:ZZZZ99999999"), ("words", "全部"), ("empty", "")]:
        xlsx(f"dimension_{name}.xlsx", raw_sheet(row, before=f'<dimension ref="{ref}"/>'), "a dimension that no sheet has", (3,), refused="ingest.broken_workbook")
    wide = "".join(f'<c r="{col(i)}2"><v>1</v></c>' for i in range(3, 16384))
    xlsx("widest_row.xlsx", raw_sheet(row.replace("</row>", wide + "</row>"), method=zipfile.ZIP_DEFLATED), "a row that fills all 16,384 columns; what no heading names is not used", (3,), read=1, records=good)
    beyond = raw_row(2, [*ROWS[0], "x"], ["A2", "B2", "C2", "XFE2"])
    xlsx("beyond_last_column.xlsx", raw_sheet(beyond), "a cell beyond the last column", (3,), refused="ingest.broken_workbook")
    xlsx("million_columns.xlsx", raw_sheet(raw_row(2, ["x"], ["BDWGO2"])), "a cell in column one million", (3,), refused="ingest.broken_workbook")
    xlsx("beyond_last_row.xlsx", raw_sheet(raw_row(2, ["x"], ["A1048577"])), "a cell below the last row", (3,), refused="ingest.broken_workbook")
    xlsx("huge_row_number.xlsx", raw_sheet('<row r="99999999999"><c><v>1</v></c></row>'), "a row number no counter holds", (3,), refused="ingest.broken_workbook")
    xlsx("row_zero.xlsx", raw_sheet(raw_row(0, ["x"], ["A0"])), "a row above the first", (3,), refused="ingest.broken_workbook")
    xlsx("rows_backwards.xlsx", raw_sheet(row3 + row), "rows out of order", (3,), refused="ingest.broken_workbook")
    xlsx("cell_twice.xlsx", raw_sheet(raw_row(2, [*ROWS[0], "9"], ["A2", "B2", "C2", "C2"])), "two values for one cell", (3,), refused="ingest.broken_workbook")
    xlsx("string_not_there.xlsx", raw_sheet('<row r="2"><c r="A2" t="s"><v>99999</v></c></row>'), "a shared text that the table does not have", (1,), refused="ingest.broken_workbook")
    xlsx("unknown_error.xlsx", raw_sheet(row.replace("</row>", '<c r="D2" t="e"><v>#BOGUS!</v></c></row>')), "an error word that the format does not have", (1,), refused="ingest.broken_workbook")
    xlsx("number_is_word.xlsx", raw_sheet('<row r="2"><c r="A2"><v>十二</v></c></row>'), "a number cell with a word in it is a word", (1,), read=1, records=[{"row": 2, "name": "十二"}])
    odd = '<row r="2"><c r="A2" t="inlineStr"><is><t>张建国</t></is></c><c r="B2" t="inlineStr"><is><t>%s</t></is></c><c r="C2"><v>%s</v></c></row>'
    for name, value in [("infinite", "1e999"), ("not_a_number", "NaN")]:
        xlsx(f"number_{name}.xlsx", raw_sheet(odd % (ZHANG[1], value)), "a number that is none: a doubt, the row stays", (1,), read=1, findings=[(2, "amount", "cell.error")], records=[{"row": 2, "name": "张建国", "amount": ""}])
    xlsx("number_largest.xlsx", raw_sheet(odd % (ZHANG[1], "1.7976931348623157e308")), "the largest number a cell can hold", (1,), read=1, findings=[(2, "amount", "amount.too_large")], records=[{"row": 2, "amount": ""}])
    xlsx("controls.xlsx", raw_sheet(odd.replace("张建国", "张_x0000_建_x001B_[31m国") % (ZHANG[1], "1")), "NUL and an escape written as the format does; what is left of the escape looks like a note", (23,), read=1, findings=[(2, "name", "name.note_removed")], records=[{"row": 2, "id_number": ZHANG[1]}])
    deep = "<x>" * 5000 + "</x>" * 5000
    xlsx("deep.xlsx", raw_sheet(row, behind=deep), "five thousand elements in one another", (2, 3), read=1, records=good)
    merges = "".join(f'<mergeCell ref="A{2 + i}:A{3 + i}"/>' for i in range(0, 3000))
    xlsx("overlapping_merges.xlsx", raw_sheet(row + row3, behind=f"<mergeCells>{merges}</mergeCells>", method=zipfile.ZIP_DEFLATED), "thousands of merged ranges across one another", (3,), read=2, records=people()[:2])
    xlsx("whole_sheet_merged.xlsx", raw_sheet(row + raw_row(3, ["", LI[1], "350.5"]), behind='<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>'), "all merged into one: the first cell's value reaches the rows that are there and no others", (3, 33), read=2,
         records=[*good, {"row": 3, "name": "张建国", "id_number": LI[1]}])
    many = "<>" * (5 << 18)
    for name, odd, what in [
        ("comment", f"<!-- {many} -->", "a comment of two and a half megabytes, full of what looks like tags: no parser is to keep it"),
        ("attribute", f'<c r="D2" note="{many}"/>', "an attribute of two and a half megabytes"),
        ("instruction", f"<?x >{many} ?>", "a processing instruction of two and a half megabytes"),
    ]:
        xlsx(f"long_{name}.xlsx", raw_sheet(row.replace("</row>", odd + "</row>"), method=zipfile.ZIP_DEFLATED), what, (2, 3), refused="ingest.oversized")
    pieces = "张<x/>" * 1_000_000
    xlsx("text_in_pieces.xlsx", raw_sheet(f'<row r="2"><c r="A2" t="inlineStr"><is><t>{pieces}</t></is></c></row>', method=zipfile.ZIP_DEFLATED), "three megabytes of one cell's text in a million pieces", (2, 3), refused="ingest.oversized")
    xlsx("no_data_element.xlsx", edited(BOOK, sheet1=lambda _: f'{XML}<worksheet xmlns="{MAIN}"/>'), "a sheet without any data element", (1, 10), refused="ingest.empty_workbook")


def col(i):
    from .base import letters

    return letters(i)


def parquet():
    def one(name, content, what, faults=(1,), **keys):
        case(f"parquet/{name}", content, "people_parquet", what, faults, **keys)

    names, ids = pa.array([r[0] for r in ROWS]), pa.array([r[1] for r in ROWS])
    amounts = [1200, 350.5, 0]

    def written(columns, **keys):
        out = io.BytesIO()
        pq.write_table(pa.table(dict(zip(HEAD, columns))), out, compression="NONE", store_schema=False, **keys)
        return out.getvalue()

    plain = written([names, ids, pa.array([r[2] for r in ROWS])])
    numbered = [{**p, "row": p["row"] - 1} for p in people()]
    one("text.parquet", plain, "all columns text; rows count from 1", (33,), read=3, records=numbered)
    one("decimal.parquet", written([names, ids, pa.array([1200, 350.5, 0]).cast(pa.decimal128(12, 2))]), "amounts as decimals", (33,), read=3, records=numbered)
    one("float.parquet", written([names, ids, pa.array(amounts, pa.float64())]), "amounts as floating numbers", (33,), read=3, records=numbered)
    one("dictionary.parquet", written([names.dictionary_encode(), ids, pa.array(amounts, pa.float32())]), "names by dictionary, amounts in single precision", (33,), read=3, records=numbered)
    one("null.parquet", written([pa.array(["张建国", None, "王小明"]), pa.array([None, None, WANG[1]]), pa.array([1, 2, None])]), "cells without a value; a row that names nobody", (24,), read=3, quarantined=1, rejects=[(2, "row.no_identity")],
        records=[{"row": 1, "name": "张建国", "id_number": "", "amount": "1"}, {"row": 3, "amount": ""}])
    one("number_as_integer.parquet", written([names, pa.array([int(i[:17] + "0") if i[-1] == "X" else int(i) for i in ids.to_pylist()]), pa.array([1, 2, 3])]), "identity numbers as integers: an X is not there, no number column is trusted, and near a full thousand a double may have changed the fifteenth digit", (25,), read=3,
        findings=[(i, "id_number", "id_number.damaged") for i in (1, 2, 3)], records=[{"row": 1, "id_number": "", "id_number_lane": "damaged", "id_number_partial": ZHANG[1][:14]}])
    one("no_rows.parquet", written([names[:0], ids[:0], names[:0]]), "a table without rows", (10,), problems=["ingest.no_rows"])
    one("list.parquet", written([names, ids, pa.array([[1], [2], [3]])]), "amounts as lists", (9,), refused="ingest.parquet_type")
    one("missing_column.parquet", written([names, ids]), "a required column is missing", (7,), refused="ingest.missing_column")
    one("cut_half.parquet", plain[: len(plain) // 2], "cut in half", refused="ingest.truncated")
    one("cut_last_byte.parquet", plain[:-1], "without its last byte", refused="ingest.truncated")
    one("footer_too_long.parquet", plain[:-8] + b"\xff\xff\xff\x7f" + b"PAR1", "a footer said to be two gigabytes", (1, 3), refused="ingest.truncated")
    one("footer_garbage.parquet", b"PAR1" + b"\xee" * 200 + struct.pack("<I", 200) + b"PAR1", "a footer of garbage", refused="ingest.truncated")
    one("magic_alone.parquet", b"PAR1", "the first four bytes", refused="ingest.truncated")
    one("encrypted.parquet", plain[:-4] + b"PARE", "the mark of an encrypted footer", (30,), refused="ingest.password")
    one("csv_named.parquet", TABLE, "text under a Parquet file's name", refused="ingest.not_parquet")
    pages = plain.replace("张建国".encode(), b"\xff\xfe\xfd\xff\xfe\xfd\xff\xfe\xfd", 1)
    assert pages != plain
    one("not_utf8.parquet", pages, "a text column whose bytes are no text", (4,), refused="ingest.truncated")
