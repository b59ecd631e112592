# Two commands do all the set-up: `make demo` runs the main job on the sample, `make test` passes the tests.

CARGO ?= cargo
OUT   ?= target/demo
AS_OF ?= 2026-09-30
SETS  ?= 100k 100k_hard 1m 1m_hard

.PHONY: demo test test-interop lint bench bench-linkage sample clean-demo

## Build, run the quarterly job on sample-data, show what it found and where it lies.
demo:
	$(CARGO) run --locked --quiet -- run pipelines/quarterly --input sample-data --out $(OUT) --as-of $(AS_OF) --summary table

## All tests that need nothing but cargo.
test:
	$(CARGO) test --locked

## Tests against other programs: DuckDB and pandas (from PyPI), LibreOffice and poppler (from the system).
test-interop:
	$(CARGO) test --locked --test it interop -- --ignored --test-threads=1

## Formatting, clippy with warnings as errors, documentation.
lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --quiet

## CPU time and peak memory of the whole job on a larger county, next to a plain join in the same run.
bench:
	python3 tests/bench/quarterly.py

## Accuracy, CPU time and memory of `bidui link` next to a plain join, a SQL waterfall and Splink (SETS="1m 7m" for others).
bench-linkage:
	python3 tests/bench/linkage.py --check $(SETS)

## Make sample-data anew (the same bytes from the same seed).
sample:
	$(CARGO) run --locked --quiet -- synth --households 3000 --seed 20260930 --as-of 2026-09-30 --out sample-data

clean-demo:
	rm -rf $(OUT)
