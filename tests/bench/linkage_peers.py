"""Three other ways to link register.csv and insurance.csv, each run in a process of its own by linkage.py.

Usage: python linkage_peers.py exact|waterfall|splink DIR OUT.parquet

* exact: polars joins the files on the raw number: a careful analyst's first script. Lazy, so that polars reads only the
  three columns it needs; read whole it takes about twice the CPU time, which would flatter whoever is compared with it.
* waterfall: the SQL that the same analyst has after a month, eight passes in DuckDB, each on what the one before left.
* splink: Splink 5 on DuckDB with Chinese cleaning in front of it: 15 digits made 18, traditional made simplified
  characters, dots and spaces out, the sound of the name, the birth date from the number where there is no column.

Each writes left_id, right_id and match_weight (waterfall: minus the pass).
"""

import sys

import polars as pl

NEEDED_A = ["person_id", "id_number", "name", "sex", "birth_date", "township_code", "village_code"]


def exact(folder, out):
    register = pl.scan_csv(f"{folder}/register.csv", infer_schema=False)
    insurance = pl.scan_csv(f"{folder}/insurance.csv", infer_schema=False)
    joined = insurance.join(register, on="id_number", how="inner")
    joined.select(left_id="person_id", right_id="record_id", match_weight=pl.lit(1.0)).collect().write_parquet(out)


# 15 digits made 18: the century put back and the check character computed.
UPGRADED = """CASE WHEN length(id_number) = 15 THEN
    substr(id_number, 1, 6) || '19' || substr(id_number, 7) || substr('10X98765432', 1 + CAST((
      7 * substr(id_number, 1, 1)::INT + 9 * substr(id_number, 2, 1)::INT + 10 * substr(id_number, 3, 1)::INT
      + 5 * substr(id_number, 4, 1)::INT + 8 * substr(id_number, 5, 1)::INT + 4 * substr(id_number, 6, 1)::INT
      + 2 * 1 + 1 * 9 + 6 * substr(id_number, 7, 1)::INT + 3 * substr(id_number, 8, 1)::INT
      + 7 * substr(id_number, 9, 1)::INT + 9 * substr(id_number, 10, 1)::INT + 10 * substr(id_number, 11, 1)::INT
      + 5 * substr(id_number, 12, 1)::INT + 8 * substr(id_number, 13, 1)::INT + 4 * substr(id_number, 14, 1)::INT
      + 2 * substr(id_number, 15, 1)::INT) % 11 AS INT), 1)
    ELSE upper(id_number) END"""
# The century counts at places 7 and 8 (weights 2 and 1), so the digits after it take the weights from 6 on.


def waterfall(folder, out):
    import duckdb

    con = duckdb.connect()
    given = con.sql(f"SELECT * FROM read_csv('{folder}/insurance.csv', all_varchar = true) LIMIT 0").columns
    birth = "replace(birth_date, '-', '')" if "birth_date" in given else "NULL"
    con.execute(
        f"""
        CREATE TABLE a AS SELECT person_id, id_number AS number, regexp_replace(name, '[ 　·]', '', 'g') AS name, sex,
            replace(birth_date, '-', '') AS birth, village_code AS village
        FROM read_csv('{folder}/register.csv', all_varchar = true);
        CREATE TABLE b AS SELECT *, coalesce({birth}, substr(number, 7, 8)) AS birth FROM (SELECT * REPLACE ({UPGRADED} AS number) FROM (
            SELECT *, id_number AS number FROM read_csv('{folder}/insurance.csv', all_varchar = true)));
        CREATE OR REPLACE TABLE b AS SELECT record_id, number, regexp_replace(name, '[ 　·•・．.‧]', '', 'g') AS name, sex,
            birth, village_code AS village FROM b;
        CREATE TABLE links (left_id VARCHAR, right_id VARCHAR, match_weight DOUBLE);
        """
    )
    surname = "substr(a.name, 1, 1) = substr(b.name, 1, 1)"
    passes = [
        "a.number = b.number AND a.name = b.name",
        f"a.number = b.number AND {surname} AND (b.sex IS NULL OR a.sex = b.sex)",
        "a.name = b.name AND a.birth = b.birth AND a.village = b.village",
        "substr(a.number, 1, 15) = substr(b.number, 1, 15) AND a.name = b.name",
        "a.name = b.name AND a.birth = b.birth",
        f"a.birth = b.birth AND a.village = b.village AND {surname} AND (b.sex IS NULL OR a.sex = b.sex) AND levenshtein(a.number, b.number) <= 2",
        "a.name = b.name AND a.village = b.village AND (b.number IS NULL OR levenshtein(a.number, b.number) <= 3)",
        "a.number = b.number",
    ]
    for place, condition in enumerate(passes, 1):
        con.execute(
            f"""
            INSERT INTO links SELECT min(a.person_id), b.record_id, -{place} FROM a JOIN b ON {condition}
            GROUP BY b.record_id HAVING count(*) = 1;
            DELETE FROM b WHERE record_id IN (SELECT right_id FROM links WHERE match_weight = -{place});
            """
        )
    con.execute(f"COPY links TO '{out}' (FORMAT parquet)")


def simplified_and_sound(names):
    """Names cleaned, in simplified characters, and their sound, character by character with plain tables."""
    import opencc
    from pypinyin import lazy_pinyin

    characters = names.str.split("").explode().unique().drop_nulls().to_list()
    convert = opencc.OpenCC("t2s").convert
    to_simple = {c: convert(c) for c in characters}
    to_sound = {s: lazy_pinyin(s)[0] for s in set(to_simple.values()) if s}
    table = str.maketrans({c: s for c, s in to_simple.items() if c != s} | {c: None for c in " 　·•・．.‧"})
    simple = [n.translate(table) if n else None for n in names]
    sound = [" ".join(to_sound.get(c, c) for c in n) if n else None for n in simple]
    return pl.DataFrame({"name": names, "simple": simple, "sound": sound})


def splink(folder, out):
    import logging

    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    api = DuckDBAPI()
    con = api.duckdb_con
    read = lambda file: pl.read_csv(f"{folder}/{file}.csv", infer_schema=False)
    register, insurance = read("register").select(NEEDED_A), read("insurance")
    unique = pl.concat([register["name"], insurance["name"]]).unique().drop_nulls()
    names = simplified_and_sound(unique)
    if "birth_date" not in insurance.columns:
        insurance = insurance.with_columns(birth_date=pl.lit(None, dtype=pl.String))
    for table, frame, key in (("a", register, "person_id"), ("b", insurance, "record_id")):
        frame = frame.join(names, on="name", how="left")
        con.register("raw", frame.to_arrow())
        con.execute(
            f"""
            CREATE TABLE clean_{table} AS SELECT *, coalesce(written, CASE WHEN length(number) = 18 THEN substr(number, 7, 8) END) AS birth FROM (
                SELECT {key} AS unique_id, {UPGRADED} AS number, simple AS name, sound, sex, village_code AS village,
                    substr(village_code, 1, 9) AS township, replace(birth_date, '-', '') AS written, substr(simple, 1, 1) AS surname
                FROM raw)
            """
        )
        con.unregister("raw")
        del frame
    del register, insurance, names, unique
    tables = [api.register("clean_a", dataset_display_name="a"), api.register("clean_b", dataset_display_name="b")]
    number = cl.CustomComparison(
        output_column_name="number",
        comparison_levels=[
            cll.NullLevel("number"),
            cll.ExactMatchLevel("number"),
            cll.CustomLevel("substr(number_l, 1, 15) = substr(number_r, 1, 15)", label_for_charts="first 15"),
            # Not Damerau's: DuckDB needs ten times as long for it, and two edits are one transposition.
            cll.LevenshteinLevel("number", 1),
            cll.LevenshteinLevel("number", 2),
            cll.ElseLevel(),
        ],
    )
    name = cl.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            cll.NullLevel("name"),
            cll.ExactMatchLevel("name", term_frequency_adjustments=True),
            cll.ExactMatchLevel("sound"),
            cll.LevenshteinLevel("name", 1),
            cll.ExactMatchLevel("surname"),
            cll.ElseLevel(),
        ],
    )
    place = cl.CustomComparison(
        output_column_name="village",
        comparison_levels=[cll.NullLevel("village"), cll.ExactMatchLevel("village"), cll.ExactMatchLevel("township"), cll.ElseLevel()],
    )
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[number, name, cl.LevenshteinAtThresholds("birth", 1), cl.ExactMatch("sex"), place],
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("name", "birth"),
            block_on("sound", "village"),
            block_on("substr(number, 1, 14)", "surname"),
            block_on("substr(number, 7, 12)"),
            block_on("birth", "village", "sex"),
        ],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(tables, settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match([block_on("number")], recall=0.9)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("sound", "village"))
    links = linker.inference.predict(threshold_match_probability=0.01)
    con.execute(f"COPY (SELECT unique_id_l AS left_id, unique_id_r AS right_id, match_weight FROM {links.physical_name}) TO '{out}' (FORMAT parquet)")


if __name__ == "__main__":
    {"exact": exact, "waterfall": waterfall, "splink": splink}[sys.argv[1]](sys.argv[2], sys.argv[3])
