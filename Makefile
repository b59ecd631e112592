# Two commands do all the set-up: `make demo` runs the main job on the sample, `make test` passes the tests.

CARGO ?= cargo
OUT   ?= target/demo
AS_OF ?= 2026-09-30
SETS  ?= 100k 100k_hard 1m 1m_hard

.PHONY: demo test test-crash deny sbom test-interop test-odbc test-encrypt lint bench bench-ingest bench-linkage bench-screening corpus sample tables tables-check tables-sources clean-demo

## Build, run the quarterly job on sample-data, show what it found and where it lies.
demo:
	$(CARGO) run --locked --quiet -- run pipelines/quarterly --input sample-data --out $(OUT) --as-of $(AS_OF) --summary table

## All tests that need nothing but cargo.
test:
	$(CARGO) test --locked

## kill -9 and a full disk at every call that changes the disk, the job without a network (these need strace), and ten times
## the sample under a cap on memory.
test-crash:
	$(CARGO) test --locked --test it -- --ignored --test-threads=1 crash_sweep fault_15 without_a_network ten_times_the_sample; \
	  ended=$$?; cat $${CARGO_TARGET_DIR:-target}/tmp/crash-*.txt; exit $$ended

## Licences, sources, banned and vulnerable crates (deny.toml).
deny:
	tests/supply/deny.sh

## What the program is made of: CycloneDX, target/bidui.cdx.json.
sbom:
	mkdir -p target
	python3 tests/supply/sbom.py target/bidui.cdx.json

## Tests against other programs: DuckDB and pandas (from PyPI), LibreOffice, its python3-uno and poppler (from the system).
test-interop:
	$(CARGO) test --locked --test it interop -- --ignored --test-threads=1

## `bidui pull` over ODBC: needs unixodbc-dev and libsqliteodbc from the system.
test-odbc:
	$(CARGO) test --locked --features odbc --test it odbc -- --ignored

## Sealed files and locked columns. By hand, not in CI: the feature `encrypt` has polars compiled once more (7 minutes on 2 cores), and
## bidui each time (more than 4 minutes). Run it after changes of src/run/seal, src/run/export, src/run/bundle.rs or src/publish.
test-encrypt:
	$(CARGO) test --locked --features encrypt --lib --test it seal

## Formatting, clippy with warnings as errors, documentation.
lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet

## CPU time and peak memory of the whole job on a larger county, next to a plain join in the same run.
bench:
	python3 tests/bench/quarterly.py

## CPU time and peak memory of reading and normalising a table, next to polars and to calamine's bare cells.
bench-ingest:
	python3 tests/bench/ingest.py

## Make the corpus of delivered files anew (the same bytes every time); needs tests/corpus/requirements.txt.
corpus:
	python3 tests/corpus/make.py

## Accuracy, CPU time and memory of `bidui link` next to a plain join, a SQL waterfall and Splink (SETS="1m 7m" for others).
bench-linkage:
	python3 tests/bench/linkage.py --check $(SETS)

## CPU time and peak memory of screening a million people, next to the same indicators written by hand in polars.
bench-screening:
	python3 tests/bench/screening.py

## Make sample-data anew (the same bytes from the same seed).
sample:
	$(CARGO) run --locked --quiet -- synth --households 3000 --seed 20260930 --as-of 2026-09-30 --out sample-data

TABLES  := src/link/person/tables
SOURCES := target/tables-sources

## Fetch what the character tables are made of, by name and version, unless it is there.
tables-sources:
	mkdir -p $(SOURCES)
	cd $(SOURCES) && (test -f unicode-data_15.0.0-1_all.deb || apt-get download -qq unicode-data=15.0.0-1 || (apt-get update -qq && apt-get download -qq unicode-data=15.0.0-1))
	cd $(SOURCES) && (test -f char_similar-0.0.2-py2.py3-none-any.whl || python3 -m pip download -q --no-deps char-similar==0.0.2)

## Make the character tables of the linker anew.
tables: tables-sources
	python3 $(TABLES)/build.py $(SOURCES)

## Fail when the character tables differ from what their sources give.
tables-check: tables-sources
	python3 $(TABLES)/build.py $(SOURCES) --check

clean-demo:
	rm -rf $(OUT)
