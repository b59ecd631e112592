"""How good are links, counted from the files alone: nothing of bidui's own evaluation is used.

Usage: python linkage_quality.py DIR LINKS.parquet    prints one JSON object

DIR holds truth.csv and insurance.csv of county_files.py. Best candidate: of each record the pair with the greatest weight
(bidui: rank 1); the threshold is the one that gives the best F1, so the figures are ceilings and fair to all. With a
column `status` (bidui) also what is decided without a threshold: precision and recall of `linked`, the share of records
that a person must look at, and what became of records that carry a relative's number.
"""

import json
import sys

import polars as pl


def curve(best, known):
    """Threshold by threshold (equal weights together): pairs, right ones."""
    steps = best.group_by("match_weight").agg(pl.len().alias("pairs"), pl.col("right").sum()).sort("match_weight", descending=True)
    steps = steps.with_columns(pl.col("pairs").cum_sum(), pl.col("right").cum_sum())
    return steps.with_columns(
        precision=pl.col("right") / pl.col("pairs"), recall=pl.col("right") / known, f1=2 * pl.col("right") / (pl.col("pairs") + known)
    )


def quality(folder, file):
    truth = pl.read_csv(f"{folder}/truth.csv", infer_schema=False)
    numbers = pl.read_csv(f"{folder}/insurance.csv", infer_schema=False, columns=["record_id"])
    links = pl.read_parquet(file)
    links = links.with_columns(pl.col("left_id", "right_id").cast(pl.String)).filter(pl.col("left_id").is_not_null())
    links = links.join(truth.rename({"left_id": "true_id"}), on="right_id", how="left")
    links = links.with_columns(right=(pl.col("left_id") == pl.col("true_id")).fill_null(False))
    if "rank" in links.columns:
        best = links.filter(pl.col("rank") == 1)
        assert best["right_id"].is_unique().all(), "a record has two candidates of rank 1"
    else:
        best = links.sort("match_weight", "left_id", descending=[True, False]).unique("right_id", keep="first", maintain_order=True)
    steps = curve(best, truth.height)
    top = steps.sort("f1", descending=True).row(0, named=True)
    at = lambda least: steps.filter(pl.col("precision") >= least)["recall"].max() or 0.0
    out = {
        "records": numbers.height,
        "true_pairs": truth.height,
        "candidates_per_record": links.height / numbers.height,
        "precision": top["precision"],
        "recall": top["recall"],
        "f1": top["f1"],
        "threshold": top["match_weight"],
        "recall_at_999": at(0.999),
        "recall_at_9999": at(0.9999),
    }
    theirs = truth.filter(pl.col("kind").str.contains("relative_number")).select("right_id")
    of_relative = theirs.join(best.filter(pl.col("match_weight") >= top["match_weight"]), on="right_id", how="left")
    out["relative_best"] = {
        "records": theirs.height,
        "another": (of_relative["left_id"].is_not_null() & ~of_relative["right"].fill_null(False)).sum() / max(theirs.height, 1),
        "the_person": of_relative["right"].fill_null(False).sum() / max(theirs.height, 1),
    }
    # Which faults cost: of the records with each fault, the share whose best candidate is right (at that threshold).
    kept = best.filter(pl.col("right") & (pl.col("match_weight") >= top["match_weight"])).select("right_id", found=pl.lit(True))
    faults = truth.join(kept, on="right_id", how="left").with_columns(pl.col("kind").str.split("+")).explode("kind")
    out["recall_by_fault"] = {
        row[0]: round(row[1], 4) for row in faults.group_by("kind").agg(pl.col("found").fill_null(False).mean()).sort("kind").rows()
    }
    if "status" in links.columns:
        out |= decided(best, links, truth, numbers.height)
    return out


def decided(best, links, truth, records):
    linked = best.filter(pl.col("status") == "linked")
    counts = dict(best.group_by("status").len().rows())
    theirs = truth.filter(pl.col("kind").str.contains("relative_number")).select("right_id")
    of_relative = theirs.join(best, on="right_id", how="left")
    among = theirs.join(links.filter(pl.col("right")).select("right_id").unique(), on="right_id", how="semi")
    some = max(theirs.height, 1)
    linked_wrong = of_relative.filter((pl.col("status") == "linked") & ~pl.col("right"))
    conflict = of_relative.filter(pl.col("status") == "conflict")
    return {
        "status": counts,
        "linked_precision": linked["right"].sum() / max(linked.height, 1),
        "linked_recall": linked["right"].sum() / truth.height,
        "review_share": (counts.get("possible", 0) + counts.get("conflict", 0)) / records,
        "relative": {
            "records": theirs.height,
            "linked_to_another": linked_wrong.height,
            "linked_to_the_person": of_relative.filter((pl.col("status") == "linked") & pl.col("right")).height,
            "conflict": conflict.height / some,
            "possible": of_relative.filter(pl.col("status") == "possible").height / some,
            "true_person_among_candidates": among.height / some,
            "best_is_true_person": of_relative["right"].fill_null(False).sum() / some,
        },
    }


if __name__ == "__main__":
    print(json.dumps(quality(sys.argv[1], sys.argv[2])))
