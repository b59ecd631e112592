"""Whether a round and the script written by hand say the same.

Usage: python same.py ROUND/tables TOLD   (TOLD is what by_hand.py --indicators wrote; started by tests/bench/screening.py)

Ends with 1, and says where, when an indicator of a person or household, a rule's numbers or the list differ.
"""

import sys

import polars as pl

TABLES, TOLD = sys.argv[1], sys.argv[2]
wrong = []


def table(name):
    return pl.read_parquet(f"{TABLES}/{name}.parquet")


def lines(name, frame):
    """A table against the lines of a text file."""
    own = {" ".join(map(str, row)) for row in frame.iter_rows()}
    hand = set(open(f"{TOLD}/{name}.txt").read().splitlines())
    print(f"{name}: {len(own)} lines, {len(own ^ hand)} differ")
    wrong.extend(f"{name}: {line} ({'bidui' if line in own else 'by hand'})" for line in sorted(own ^ hand))


lines("listed", table("online_list").select("household_id", "list_type"))
lines("rules", table("rule_outcomes").select("rule", "judged", "hits", "unknown"))
for level, key in [("person", "person_id"), ("household", "household_id")]:
    own, hand = table(f"indicators_{level}"), pl.read_parquet(f"{TOLD}/{level}s.parquet")
    named = [column for column in own.columns if column not in ("person_id", "household_id")]
    missing = [column for column in named if column not in hand.columns]
    wrong.extend(f"{column} is not computed by hand" for column in missing)
    both = own.join(hand.select(key, *[c for c in named if c not in missing]), on=key, how="left", suffix=" by hand")
    for column in set(named) - set(missing):
        differ = both.filter(~pl.col(column).eq_missing(pl.col(f"{column} by hand"))).height
        if differ:
            wrong.append(f"{column} differs for {differ} of {own.height}")
    print(f"{len(named)} indicators of {own.height} {level}s compared")
print("\n".join(wrong[:50]))
sys.exit(1 if wrong else 0)
