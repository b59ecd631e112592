"""The indicators and rules of tests/bench/screening/quarterly, written by hand as one polars script.

Usage: python by_hand.py ROUND/tables OUT.txt   (started by tests/bench/screening.py)

What a careful analyst writes: each source read once, one group_by per source and filter, all indicators joined to persons
and households, the rules as expressions. No evidence, no provenance, no unknown for missing sources. Writes the ids of the
listed households, which must be those that bidui lists.
"""

import sys
from datetime import date

import polars as pl

TABLES, OUT = sys.argv[1], sys.argv[2]
AS_OF = date(2026, 9, 30)
YEAR_AGO = date(2025, 9, 30)
DAYS_30 = date(2026, 8, 31)
c = pl.col


def table(name, *columns):
    return pl.scan_parquet(f"{TABLES}/{name}.parquet").select(columns)


links = table("links", "source", "record_id", "status", "person_id", "household_id", "linked_village_code")
links = links.filter(c("status") == "linked").collect()
persons = table("persons", "person_id", "household_id", "birth_date", "status")
households = table(
    "households", "household_id", "township_code", "village_code", "township", "size", "lifted", "monitored_type"
).collect()
home = persons.select("person_id", c("household_id").alias("home"))


def linked(source, *columns):
    """A source's linked records with the household for which each counts."""
    own = links.lazy().filter(c("source") == source).drop("source", "status")
    joined = table(f"records_{source}", "record_id", *columns).join(own, on="record_id", how="inner")
    joined = joined.join(home, on="person_id", how="left")
    return joined.with_columns(household_id=pl.coalesce("household_id", "home")).sort("record_id")


def latest(value, by):
    """Value of the record with the latest date; of several, of the last by record id."""
    return value.sort_by(by, nulls_last=False, maintain_order=True).last()


parts = []
national = linked("national_system", "per_capita_income").group_by("household_id")
parts.append(national.agg(national_income=c("per_capita_income").max()))
house = linked("housing_appraisal", "grade", "appraised_on", "accepted_on").group_by("household_id")
parts.append(
    house.agg(
        house_grade=latest(c("grade"), "appraised_on"),
        house_appraised_on=c("appraised_on").max(),
        house_dangerous=latest(c("grade").is_in(["C", "D"]) & c("accepted_on").is_null(), "appraised_on"),
    )
)
income = linked(
    "income_survey", "per_capita_income", "industry_loss", "labour_force", "stable_jobs", "surveyed_on"
).group_by("household_id")
parts.append(
    income.agg(
        per_capita_income=latest(c("per_capita_income"), "surveyed_on"),
        industry_loss=latest(c("industry_loss"), "surveyed_on"),
        labour_force=latest(c("labour_force"), "surveyed_on"),
        stable_jobs=latest(c("stable_jobs"), "surveyed_on"),
    )
)
medical = linked("medical_settlement", "in_scope_amount", "fund_total", "settle_date")
medical = medical.filter((c("settle_date") > YEAR_AGO) & (c("settle_date") <= AS_OF)).group_by("household_id")
parts.append(medical.agg(self_pay_12m=(c("in_scope_amount") - c("fund_total")).sum()))
relief = linked("temporary_relief", "reason", "approved_on", "amount")
relief = relief.filter((c("approved_on") > YEAR_AGO) & (c("approved_on") <= AS_OF)).group_by("household_id")
parts.append(
    relief.agg(
        accident_relief_12m=c("amount").filter(c("reason") == "accident").sum(),
        disaster_relief_12m=c("amount").filter(c("reason") == "disaster").sum(),
    )
)
water = linked("water_household", "litres_per_day", "cut_off_days", "reported_on", "restored_on")
fault = (c("reported_on") < DAYS_30) & (c("restored_on").is_null() | (c("restored_on") > AS_OF))
parts.append(
    water.group_by("household_id").agg(
        water_litres=c("litres_per_day").min(),
        water_days_cut_off=c("cut_off_days").max(),
        water_faults_open=fault.sum(),
    )
)
village = table("records_water_village", "record_id", "cut_off_days", "failed_on", "restored_on")
village = village.join(links.lazy().filter(c("source") == "water_village"), on="record_id", how="inner")
fault = (c("failed_on") < DAYS_30) & (c("restored_on").is_null() | (c("restored_on") > AS_OF))
village = village.group_by(village_code="linked_village_code").agg(
    village_days_cut_off=c("cut_off_days").max(), village_faults_open=fault.sum()
)
dropout = linked("school_dropout", "category", "reason", "left_on").filter(
    c("category").is_in(["suspected_dropout", "long_leave"])
    & (c("reason").is_null() | ~c("reason").is_in(["physical", "elsewhere"]))
)
dropout = dropout.group_by("person_id").agg(dropout_entries=pl.len(), dropout_since=c("left_on").min())
of_persons = persons.filter(~c("status").fill_null("normal").is_in(["deceased", "moved_out"])).join(
    dropout, on="person_id", how="left"
)
age = AS_OF.year - c("birth_date").dt.year()
age -= (
    (c("birth_date").dt.month() > AS_OF.month)
    | ((c("birth_date").dt.month() == AS_OF.month) & (c("birth_date").dt.day() > AS_OF.day))
).cast(pl.Int32)
of_persons = of_persons.with_columns(dropout_entries=c("dropout_entries").fill_null(0), age=age)
of_persons = of_persons.with_columns(edu01=(c("dropout_entries") > 0) & c("age").is_between(6, 15))

whole = households.lazy()
for part in parts:
    whole = whole.join(part, on="household_id", how="left")
whole = whole.join(village, on="village_code", how="left")
zero = ["self_pay_12m", "accident_relief_12m", "disaster_relief_12m", "water_faults_open", "village_faults_open"]
whole = whole.with_columns(c(zero).fill_null(0), house_dangerous=c("house_dangerous").fill_null(False))
edu = of_persons.group_by("household_id").agg(edu01=c("edu01").any(), present=pl.len())
whole = whole.join(edu, on="household_id", how="inner")
limit = pl.when(c("lifted").fill_null(False)).then(5000).otherwise(20000)
whole = whole.with_columns(
    cau01=(c("per_capita_income") >= 20000) | (c("national_income") >= 20000),
    hou01=c("house_dangerous"),
    inc01=c("per_capita_income") < 7800,
    liv01=c("industry_loss") >= 10000,
    liv02=(c("labour_force") >= 1) & (c("stable_jobs") == 0) & (c("per_capita_income") < 7800),
    med01=c("self_pay_12m") >= limit,
    oth01=c("accident_relief_12m") >= 3000,
    oth02=c("disaster_relief_12m") >= 3000,
    wat01=(c("water_litres") < 35) | (c("water_days_cut_off") > 36),
    wat02=c("water_faults_open") > 0,
    wat03=(c("village_days_cut_off") > 36) | (c("village_faults_open") > 0),
)
lists = ["edu01", "hou01", "liv01", "liv02", "med01", "oth01", "oth02", "wat01", "wat02"]
sudden = pl.all_horizontal(~c([r for r in lists if r not in ("liv01", "med01", "oth01", "oth02")]).fill_null(False))
listed = whole.filter(pl.any_horizontal(c(lists).fill_null(False))).with_columns(
    list_type=pl.when(c("lifted").fill_null(False))
    .then(pl.lit("unstable"))
    .when(sudden & (c("per_capita_income") >= 7800).fill_null(False))
    .then(pl.lit("sudden"))
    .otherwise(pl.lit("marginal"))
)
listed = listed.select("household_id", "list_type").sort("household_id").collect()
with open(OUT, "w") as out:
    out.writelines(f"{h} {t}\n" for h, t in listed.iter_rows())
