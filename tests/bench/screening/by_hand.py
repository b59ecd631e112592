"""The shipped catalogue of pipelines/quarterly, all indicators and all rules, written by hand as one polars script.

Usage: python by_hand.py ROUND/tables OUT [--indicators]   (started by tests/bench/screening.py)

What a careful analyst writes: of each source only the columns that count, each source read once and joined to its links once,
one group_by per source and level for all indicators of the source, all joined to persons and households, the rules as
expressions. A record that waits for a decision makes its candidates' "none" unknown, as the catalogue has it. No evidence in
words, no provenance of hits, no files that may be missing.

Writes OUT/listed.txt, the ids of the listed households with their types, and OUT/rules.txt, for each rule the numbers of
judged, hits and unknown; with --indicators also both tables of indicators, to be compared cell by cell. All of it must be
what bidui says.
"""

import sys
from datetime import date

import polars as pl

TABLES, OUT = sys.argv[1], sys.argv[2]
AS_OF = date(2026, 9, 30)
YEAR_AGO, HALF_YEAR_AGO, TWO_MONTHS_AGO = date(2025, 9, 30), date(2026, 3, 30), date(2026, 7, 30)
DAYS_4, DAYS_30, DAYS_180 = date(2026, 9, 26), date(2026, 8, 31), date(2026, 4, 3)
c, level_of = pl.col, {"person_id": "persons", "household_id": "households"}


def table(name, *columns):
    return pl.scan_parquet(f"{TABLES}/{name}.parquet").select(columns)


persons = table("persons", "person_id", "household_id", "record_id", "birth_date", "status").collect()
households = table(
    "households", "household_id", "township_code", "village_code", "size", "lifted", "monitored_type", "monitored_since",
    "risk_cleared",
).collect()  # fmt: skip
home = persons.lazy().select("person_id", c("household_id").alias("home"))
links = table("links", "source", "record_id", "status", "person_id", "household_id", "linked_village_code")
links = links.filter(c("status") == "linked").collect()
waiting = table("possible_links", "source", "record_id", "person_id", "household_id").collect()
collected = {"person_id": [], "household_id": []}


def of_source(source, *columns):
    """A source's linked records and those that wait for a decision, each with whom it counts for; in the order of the records."""
    own = links.lazy().filter(c("source") == source).select("record_id", "person_id", "household_id", linked=True)
    open_ones = waiting.lazy().filter(c("source") == source).select("record_id", "person_id", "household_id", linked=False)
    rows = table(f"records_{source}", "record_id", *columns).join(pl.concat([own, open_ones]), on="record_id", how="inner")
    rows = rows.join(home, on="person_id", how="left")
    return rows.with_columns(household_id=pl.coalesce("household_id", "home"))


def none(rows, where, absent):
    """What stands for nobody's record: `absent`, but unknown where a record waits that may be theirs."""
    open_one = (~rows & (where if isinstance(where, bool) else where.fill_null(True))).any()
    return pl.when(open_one).then(None).otherwise(absent)


L = c("linked")


def count(where=True):
    passing = (L & where).sum().cast(pl.Int64)
    return pl.when(passing > 0).then(passing).otherwise(none(L, where, 0))


def total(value, where=True):
    chosen = pl.when(L & where).then(value)
    known = pl.when(chosen.count() > 0).then(chosen.sum())
    return pl.when((L & where).any()).then(known).otherwise(none(L, where, 0))


def holds(condition, absent=False):
    return pl.when(L.any()).then(condition.filter(L).any(ignore_nulls=False)).otherwise(
        none(L, True, absent) if absent is not None else None
    )


def latest(value, by):
    """Of the latest date; of several records of that day, of the last. The rows stand in that order already."""
    return pl.when(by.filter(L).count() > 0).then(value.filter(L).last())


def years(birth, day):
    """Full years between two dates."""
    sooner = (day.dt.month() < birth.dt.month()) | (
        (day.dt.month() == birth.dt.month()) & (day.dt.day() < birth.dt.day())
    )
    return (day.dt.year() - birth.dt.year() - sooner.cast(pl.Int32)).cast(pl.Int64)


def in_window(day):
    return (day > YEAR_AGO) & (day <= AS_OF)


def greatest(value, where=True):
    return pl.when(L & where).then(value).max()


def least(value, where=True):
    return pl.when(L & where).then(value).min()


ZERO, FALSE = 0, False
absent = {}


def indicators(rows, level, **named):
    """One value per person or household of each named indicator: (absent, aggregate)."""
    for name, (nothing, _) in named.items():
        absent[name] = nothing
    grouped = rows.filter(c(level).is_not_null()).group_by(level)
    collected[level].append(grouped.agg(**{name: value for name, (_, value) in named.items()}, has=True))


rows = of_source("national_system", "per_capita_income", "exit_year", "cleared_on", "caution_reason", "relocated", "labour_skill")
indicators(
    rows, "household_id",
    national_income=(None, greatest(c("per_capita_income"))),
    exit_year=(None, greatest(c("exit_year"))),
    cleared_on=(None, greatest(c("cleared_on"))),
    caution_reason_filed=(FALSE, holds(c("caution_reason").is_not_null())),
    relocated=(FALSE, holds(c("relocated"))),
    lost_labour_members=(ZERO, count(c("labour_skill") == "lost")),
)  # fmt: skip

rows = of_source("dibao", "from_month", "stopped_month", "stop_reason")
stopped = c("stopped_month").is_not_null()
indicators(
    rows, "household_id",
    dibao_now=(FALSE, holds(~stopped)),
    dibao_since=(None, greatest(c("from_month"), ~stopped)),
    dibao_stopped=(None, greatest(c("stopped_month"))),
    dibao_ended=(FALSE, holds(stopped)),
    dibao_stopped_for_income=(FALSE, holds(stopped & (c("stop_reason") == "收入超标"))),
)  # fmt: skip

rows = of_source("tekun", "from_month", "monthly_amount", "care_mode")
indicators(
    rows, "household_id",
    tekun_members=(ZERO, count()),
    tekun_since=(None, greatest(c("from_month"))),
    tekun_home_members=(ZERO, count(c("care_mode") == "home")),
)  # fmt: skip
indicators(rows, "person_id", is_tekun=(FALSE, holds((c("monthly_amount") > 0) | c("monthly_amount").is_null())))

rows = of_source("temporary_relief", "reason", "amount", "approved_on", "paid_on")
recent = in_window(c("approved_on"))
other = c("reason").is_in(["illness", "education", "unemployment", "other"])
indicators(
    rows, "household_id",
    accident_relief_12m=(ZERO, total(c("amount"), (c("reason") == "accident") & recent)),
    disaster_relief_12m=(ZERO, total(c("amount"), (c("reason") == "disaster") & recent)),
    other_relief_12m=(ZERO, total(c("amount"), other & recent)),
)  # fmt: skip
late = (c("paid_on") > c("approved_on").dt.offset_by("4d")) | (c("paid_on").is_null() & (c("approved_on") < DAYS_4))
late_one = late.filter(L & recent).any(ignore_nulls=False)
indicators(
    rows, "person_id", relief_late=(FALSE, pl.when((L & recent).any()).then(late_one).otherwise(none(L, recent, False)))
)

rows = of_source("disability", "level", "issued_on", "living_allowance", "care_allowance")
severe = c("level").is_in(["1", "2"])
indicators(
    rows, "person_id",
    disabled=(FALSE, holds(c("level").is_in(["1", "2", "3", "4"]))),
    severely_disabled=(FALSE, holds(severe)),
    severe_since=(None, greatest(c("issued_on"), severe)),
    living_allowance=(FALSE, holds(c("living_allowance"))),
    care_allowance=(FALSE, holds(c("care_allowance"))),
)  # fmt: skip
indicators(rows, "household_id", disabled_members=(ZERO, count()), severe_members=(ZERO, count(severe)))

indicators(of_source("pension_paid_for"), "person_id", pension_entries=(ZERO, count()))

rows = of_source("payroll", "state", "kind")
serving = c("state") == "serving"
indicators(
    rows, "household_id",
    payroll_members=(ZERO, count(serving & c("kind").is_in(["civil", "institution", "state_firm"]))),
    cadre_members=(ZERO, count(serving & (c("kind") == "village_cadre"))),
)  # fmt: skip

indicators(of_source("business", "state"), "household_id", businesses=(ZERO, count(c("state") == "active")))

rows = of_source("real_estate", "usage")
indicators(
    rows, "household_id",
    commercial_homes=(ZERO, count(c("usage") == "commercial_home")),
    shops=(ZERO, count(c("usage") == "shop")),
    rural_or_town_houses=(ZERO, count(c("usage").is_in(["rural_house", "commercial_home"]))),
)  # fmt: skip

rows = of_source("vehicle", "kind", "state")
normal = c("state") == "normal"
indicators(
    rows, "household_id",
    cars=(ZERO, count((c("kind") == "car") & normal)),
    machines=(ZERO, count(c("kind").is_in(["truck", "tractor"]) & normal)),
)  # fmt: skip

rows = of_source("supporter_check", "ability")
indicators(rows, "household_id", able_supporters=(ZERO, count(c("ability") == "able")))
indicators(rows, "person_id", supporter_able=(FALSE, holds(c("ability") == "able")))

rows = of_source("illness", "class", "treatment", "family_doctor")
serious, untreated, chronic = c("class") == "serious", c("treatment") == "untreated", c("class") == "chronic"
indicators(
    rows, "person_id",
    seriously_ill=(FALSE, holds(serious)),
    serious_untreated=(FALSE, holds(serious & untreated)),
    chronically_ill=(FALSE, holds(chronic)),
    family_doctor=(FALSE, holds(chronic & c("family_doctor"))),
    special_untreated=(FALSE, holds(c("class").is_in(["mental", "cataract"]) & untreated)),
)  # fmt: skip
indicators(rows, "household_id", serious_members=(ZERO, count(serious)))

rows = of_source("disaster", "occurred_on", "rooms_collapsed", "rooms_badly_damaged", "loss")
recent, rooms = in_window(c("occurred_on")), c("rooms_collapsed") + c("rooms_badly_damaged")
indicators(
    rows, "household_id",
    disasters_12m=(ZERO, count(recent)),
    disaster_loss_12m=(ZERO, total(c("loss"), recent)),
    rooms_destroyed_12m=(ZERO, total(rooms, recent)),
    rooms_destroyed_on=(None, greatest(c("occurred_on"), (rooms > 0) & recent)),
)  # fmt: skip

rows = of_source("subsidy", "item", "amount", "paid_on")
chosen = c("item").is_in(["industry", "transport"]) & in_window(c("paid_on"))
indicators(rows, "household_id", subsidies_12m=(ZERO, total(c("amount"), chosen)))

rows = of_source("helper_visit", "visited_on")
indicators(
    rows, "household_id",
    visits_12m=(ZERO, count(in_window(c("visited_on")))),
    visited_last=(None, greatest(c("visited_on"))),
)  # fmt: skip

rows = of_source("micro_credit", "amount", "overdue_days")
largest = pl.when(L.any()).then(greatest(c("amount"))).otherwise(none(L, True, 0))
indicators(
    rows, "household_id", credit_largest=(ZERO, largest), credits_overdue=(ZERO, count(c("overdue_days") > 0))
)

rows = of_source("death", "birth_date", "died_on")
indicators(rows, "person_id", death_entries=(ZERO, count()), died_on=(None, greatest(c("died_on"))))
of_age = years(c("birth_date"), c("died_on")).is_between(16, 59)
indicators(rows, "household_id", labour_deaths_12m=(ZERO, count(of_age & in_window(c("died_on")))))

rows = of_source("traffic_accident", "birth_date", "accident_on", "severity")
of_age = years(c("birth_date"), c("accident_on")).is_between(16, 59)
hurt = c("severity").is_in(["severe", "death"]) & of_age & in_window(c("accident_on"))
indicators(rows, "household_id", casualties_12m=(ZERO, count(hurt)))

rows = of_source(
    "income_survey", "per_capita_income", "per_capita_income_before", "household_size", "industry_loss", "labour_force",
    "stable_jobs", "surveyed_on",
).sort("surveyed_on", "record_id")  # fmt: skip
day = c("surveyed_on")
indicators(
    rows, "household_id",
    per_capita_income=(None, latest(c("per_capita_income"), day)),
    income_last_year=(None, latest(c("per_capita_income_before") * c("household_size"), day)),
    income_before=(None, latest(c("per_capita_income_before"), day)),
    industry_loss=(None, latest(c("industry_loss"), day)),
    labour_force=(None, latest(c("labour_force"), day)),
    stable_jobs=(None, latest(c("stable_jobs"), day)),
)  # fmt: skip

rows = of_source("medical_settlement", "medical_type", "settle_date", "in_scope_amount", "fund_total", "relief_fund")
rows = rows.filter(in_window(c("settle_date")) | (c("settle_date").is_null() & ~L))
inpatient = c("medical_type") == "inpatient"
indicators(
    rows, "person_id",
    in_scope_12m=(ZERO, total(c("in_scope_amount"))),
    self_pay_own_12m=(ZERO, total(c("in_scope_amount") - c("fund_total"))),
    settlements_12m=(ZERO, count()),
    inpatient_in_scope_12m=(ZERO, total(c("in_scope_amount"), inpatient)),
    inpatient_fund_12m=(ZERO, total(c("fund_total"), inpatient)),
    relief_fund_12m=(ZERO, total(c("relief_fund"))),
)  # fmt: skip
indicators(rows, "household_id", self_pay_12m=(ZERO, total(c("in_scope_amount") - c("fund_total"))))

rows = of_source("medical_enrolment", "status", "tier", "contribution", "reason")
paid = c("status").is_in(["insured", "paid_for"])
indicators(
    rows, "person_id",
    insured=(FALSE, holds(paid)),
    exempt_entries=(ZERO, count(c("reason").is_in(["employee", "elsewhere", "army", "prison", "abroad"]))),
    premium_own=(ZERO, total(c("contribution"), paid)),
    premium_tier_basic=(FALSE, holds((c("tier") == "一档") | c("tier").is_null())),
)  # fmt: skip

rows = of_source("bill_elsewhere", "state", "discharged_on")
old = (c("state") == "waiting") & (c("discharged_on") < DAYS_30)
indicators(rows, "person_id", bills_waiting=(ZERO, count(old)))

rows = of_source(
    "housing_appraisal", "grade", "appraised_on", "accepted_on", "only_home", "shabby", "signed", "plaque", "rebuild_mode",
    "area", "own_cost",
).sort("appraised_on", "record_id")  # fmt: skip
day, danger = c("appraised_on"), c("grade").is_in(["C", "D"]) & c("accepted_on").is_null()
dangerous = pl.when(L.any()).then(latest(danger, day)).otherwise(none(L, True, False))
indicators(
    rows, "household_id",
    house_grade=(None, latest(c("grade"), day)),
    house_appraised_on=(None, greatest(day)),
    house_dangerous=(FALSE, dangerous),
    house_accepted_on=(None, greatest(c("accepted_on"))),
    house_only=(None, latest(c("only_home"), day)),
    house_shabby=(None, latest(c("shabby"), day)),
    house_signed=(None, latest(c("signed"), day)),
    house_plaque=(None, latest(c("plaque"), day)),
    house_in_works=(None, latest(c("rebuild_mode").is_not_null(), day)),
    house_new=(None, latest(c("area").is_not_null(), day)),
    house_new_area=(None, latest(c("area"), day)),
    rebuild_own_cost_12m=(ZERO, total(c("own_cost"), in_window(c("accepted_on")))),
)  # fmt: skip

indicators(of_source("orphan"), "household_id", orphan_members=(ZERO, count()))
indicators(of_source("special_care"), "household_id", special_care_members=(ZERO, count()))

rows = of_source("school_fees", "stage", "owner", "mode", "tuition", "board", "books", "reduced")
cost = c("tuition") + c("board") + c("books") - c("reduced")
indicators(
    rows, "household_id",
    school_cost_year=(ZERO, total(cost, (c("owner") == "public") & (c("mode") == "full_time"))),
    university_members=(ZERO, count(c("stage").is_in(["college", "bachelor"]))),
)  # fmt: skip
indicators(rows, "person_id", fee_entries=(ZERO, count()))

rows = of_source("school_dropout", "category", "reason", "left_on")
away = c("category").is_in(["suspected_dropout", "long_leave"])
counts = away & (c("reason").is_null() | ~c("reason").is_in(["physical", "elsewhere"]))
indicators(
    rows, "person_id",
    dropout_entries=(ZERO, count(counts)),
    dropout_since=(None, least(c("left_on"), counts)),
    weary_entries=(ZERO, count(away & (c("reason") == "weary"))),
    dropout_list_entries=(ZERO, count()),
    taught_at_home=(FALSE, holds(c("category") == "home_teaching")),
)  # fmt: skip

indicators(of_source("school_enrolment"), "person_id", roll_entries=(ZERO, count()))
indicators(of_source("school_leavers", "state"), "person_id", leaver_idle=(FALSE, holds(c("state") == "idle")))
rows = of_source("school_aid", "amount", "paid_on")
indicators(rows, "person_id", school_aid_12m=(ZERO, total(c("amount"), in_window(c("paid_on")))))

rows = of_source("employment", "state", "place", "ended_on", "wants_training", "trained_on")
working = c("state").is_in(["stable", "flexible"])
indicators(
    rows, "household_id",
    labourers=(ZERO, count()),
    workers=(ZERO, count(working)),
    stable_workers=(ZERO, count(c("state") == "stable")),
    workers_away=(ZERO, count(c("place").is_in(["province", "outside"]))),
    workers_outside=(ZERO, count(c("place") == "outside")),
    unemployed_members=(ZERO, count(c("state") == "unemployed")),
)  # fmt: skip
indicators(
    rows, "person_id",
    works=(FALSE, holds(working)),
    returned_on=(None, greatest(c("ended_on"))),
    came_back=(FALSE, holds(c("ended_on").is_not_null())),
    wants_training=(FALSE, holds(c("wants_training"))),
    trained_on=(None, greatest(c("trained_on"))),
)  # fmt: skip

rows = of_source("water_household", "litres_per_day", "cut_off_days", "quality", "fetch_minutes", "reported_on", "restored_on")
fault = (c("reported_on") < DAYS_30) & (c("restored_on").is_null() | (c("restored_on") > AS_OF))
indicators(
    rows, "household_id",
    water_litres=(None, least(c("litres_per_day"))),
    water_days_cut_off=(None, greatest(c("cut_off_days"))),
    water_faults_open=(ZERO, count(fault)),
    water_unfit=(None, holds(c("quality") == "fail", None)),
    water_fetch_minutes=(None, greatest(c("fetch_minutes"))),
)  # fmt: skip

village = table("records_water_village", "record_id", "cut_off_days", "failed_on", "restored_on")
of_village = links.lazy().filter(c("source") == "water_village").select("record_id", village_code="linked_village_code")
fault = (c("failed_on") < DAYS_30) & (c("restored_on").is_null() | (c("restored_on") > AS_OF))
village = village.join(of_village, on="record_id", how="inner").filter(c("village_code").is_not_null())
village = village.group_by("village_code").agg(
    village_days_cut_off=c("cut_off_days").max(), village_faults_open=fault.sum().cast(pl.Int64)
)

# The register itself: a record of it is a person.
people = persons.lazy().select("record_id", "household_id", "person_id", linked=True)
rows = table("records_population", "record_id", "residence", "marital", "status", "birth_date")
rows = rows.join(people, on="record_id", how="inner")
alone = c("marital").is_in(["divorced", "widowed"]) & (c("status") == "normal")
alone &= years(c("birth_date"), pl.lit(AS_OF)).is_between(18, 59)
indicators(
    rows, "household_id", urban=(FALSE, holds(c("residence") == "urban")), alone_members=(ZERO, count(alone))
)

# Everything at once: sources are read and grouped side by side.
parts = pl.collect_all(collected["household_id"] + collected["person_id"] + [village], engine="streaming")
village, of_households = parts.pop(), parts[: len(collected["household_id"])]
of_persons = parts[len(of_households) :]


def whole(entities, level, parts):
    """Entities with all their indicators; who stands in no group has what stands for no record."""
    for place, part in enumerate(parts):
        mark = f"has {place}"
        entities = entities.join(part.lazy().rename({"has": mark}), on=level, how="left")
        named = [n for n in part.columns if n in absent and absent[n] is not None]
        filled = [pl.when(c(mark).is_null()).then(absent[n]).otherwise(c(n)).alias(n) for n in named]
        entities = entities.with_columns(filled).drop(mark)
    return entities


age = years(c("birth_date"), pl.lit(AS_OF))
present = ~c("status").fill_null("").is_in(["deceased", "moved_out"])
per_person = persons.lazy().select("person_id", "household_id", age=age, present=present)
per_person = whole(per_person, "person_id", of_persons).collect()

members = per_person.lazy().filter("present").group_by("household_id").agg(
    minors=(c("age") < 16).sum().cast(pl.Int64),
    dependants=((c("age") < 18) | (c("age") >= 60)).sum().cast(pl.Int64),
    inhabited=True,
)  # fmt: skip
per_household = whole(households.lazy(), "household_id", of_households)
per_household = per_household.join(members, on="household_id", how="left").join(
    village.lazy(), on="village_code", how="left"
)
spent = c("self_pay_12m") + c("school_cost_year") + c("disaster_loss_12m") + c("rebuild_own_cost_12m")
per_household = per_household.with_columns(
    c("minors", "dependants", "village_faults_open").fill_null(0),
    c("inhabited").fill_null(False),
    rigid_expenditure_12m=spent,
).collect()

# What judges risks. Households:
lifted, watched = c("lifted"), c("monitored_type").is_not_null() & ~c("risk_cleared")
rich = (c("payroll_members") > 0) | (c("businesses") > 0) | (c("commercial_homes") > 0) | (c("cars") > 0)
limit = pl.when(lifted).then(5000).otherwise(20000)
dangerous, sound = c("house_dangerous"), c("house_grade").is_in(["A", "B"])
in_need = lifted | c("dibao_now") | (c("tekun_home_members") > 0) | (c("disabled_members") > 0) | (c("orphan_members") > 0)
rules = {
    "CAU-01": (c("per_capita_income") >= 20000) | (c("national_income") >= 20000),
    "CAU-02": c("payroll_members") > 0,
    "CAU-03": c("businesses") > 0,
    "CAU-04": c("commercial_homes") > 0,
    "CAU-05": c("cars") > 0,
    "CAU-06": c("able_supporters") > 0,
    "CAU-07": c("machines") > 0,
    "CAU-08": c("cadre_members") > 0,
    "CAU-09": c("shops") > 0,
    "CAU-10": c("workers_outside") >= c("size"),
    "CAU-11": (c("size") == 1) & (c("minors") == 1),
    "AID-01": c("dibao_now") & (c("dibao_since") > HALF_YEAR_AGO) & ~lifted & c("monitored_type").is_null(),
    "AID-02": c("dibao_ended") & (c("dibao_stopped") > HALF_YEAR_AGO),
    "AID-04": (c("tekun_members") > 0) & (c("tekun_since") > HALF_YEAR_AGO),
    "AID-05": c("other_relief_12m") >= 3000,
    "ACC-01": c("casualties_12m") > 0,
    "LAB-01": c("labour_deaths_12m") > 0,
    "DST-01": c("disaster_loss_12m") >= 10000,
    "EXP-01": c("rigid_expenditure_12m") > c("income_last_year"),
    "EXP-02": c("per_capita_income") * 10 < c("income_before") * 7,
    "MED-01": c("self_pay_12m") >= limit,
    "MED-09": watched & (c("self_pay_12m") >= 3000),
    "HOU-01": dangerous,
    "HOU-02": (c("rooms_destroyed_12m") > 0)
    & (c("house_accepted_on").is_null() | (c("house_accepted_on") < c("rooms_destroyed_on"))),
    "HOU-05": dangerous & in_need,
    "HOU-11": c("rebuild_own_cost_12m") >= 30000,
    "INC-01": c("per_capita_income") < 7800,
    "INC-02": c("per_capita_income") < 6600,
    "LIV-01": c("industry_loss") >= 10000,
    "LIV-02": (c("labour_force") >= 1) & (c("stable_jobs") == 0) & (c("per_capita_income") < 7800),
    "LIV-03": c("credits_overdue") > 0,
    "OTH-01": c("accident_relief_12m") >= 3000,
    "OTH-02": c("disaster_relief_12m") >= 3000,
    "EDU-02": c("school_cost_year") > 10000,
    "WAT-01": (c("water_litres") < 35) | (c("water_days_cut_off") > 36),
    "WAT-02": c("water_faults_open") > 0,
    "WAT-03": (c("village_days_cut_off") > 36) | (c("village_faults_open") > 0),
    "WAT-04": c("water_unfit"),
    "WAT-05": c("water_fetch_minutes") > 20,
}
per_household = per_household.with_columns(**rules)

# Persons, with what their rules need of the household.
shared = ["size", "lifted", "monitored_type", "risk_cleared", "exit_year", "dibao_now", "house_dangerous", "urban"]
per_person = per_person.lazy().join(per_household.lazy().select("household_id", *shared), on="household_id", how="left")
at_school = c("age").is_between(6, 15)
of_labour_age = c("age").is_between(16, 59)
person_rules = {
    "EDU-01": (c("dropout_entries") > 0) & at_school,
    "DIS-01": c("severely_disabled") & (c("severe_since") > YEAR_AGO) & of_labour_age,
    "MED-03": c("serious_untreated") & (c("settlements_12m") == 0),
}
person_checks = {
    "AID-07": (c("severely_disabled") & ~c("care_allowance")) | (c("disabled") & c("dibao_now") & ~c("living_allowance")),
    "AID-08": c("severely_disabled") & of_labour_age & (c("pension_entries") == 0),
    "AID-09": lifted & of_labour_age & (c("fee_entries") == 0) & (c("pension_entries") == 0),
    "AID-10": c("relief_late"),
    "REG-01": (c("death_entries") > 0) & (c("died_on") <= AS_OF),
    "MED-02": lifted & (c("in_scope_12m") >= 3000) & (c("self_pay_own_12m") * 10 > c("in_scope_12m")),
    "MED-04": ~c("insured") & (c("exempt_entries") == 0),
    "MED-05": lifted & (c("exit_year") > 2015) & c("insured") & c("premium_tier_basic") & (c("premium_own") > 200),
    "MED-06": c("is_tekun") & (c("premium_own") > 0),
    "MED-07": lifted & c("chronically_ill") & ~c("family_doctor"),
    "MED-08": c("bills_waiting") > 0,
    "MED-10": c("seriously_ill") & (c("inpatient_in_scope_12m") > 0)
    & (c("inpatient_fund_12m") * 10 < c("inpatient_in_scope_12m") * 9),
    "MED-11": c("special_untreated"),
    "MED-12": c("relief_fund_12m") > 50000,
    "HOU-04": (c("age") >= 60) & (c("size") == 1) & c("house_dangerous") & c("supporter_able"),
    "EDU-03": (c("weary_entries") > 0) & at_school,
    "EDU-04": c("taught_at_home") & ~c("disabled") & ~c("seriously_ill"),
    "EDU-05": at_school & (c("roll_entries") == 0) & (c("dropout_list_entries") == 0),
    "EDU-06": c("leaver_idle") & c("age").is_between(15, 20),
    "EDU-07": (lifted | watched) & ((c("roll_entries") > 0) | (c("fee_entries") > 0)) & (c("school_aid_12m") == 0),
    "EDU-08": c("disabled") & (c("roll_entries") > 0) & (c("school_aid_12m") < 500),
    "URB-04": c("urban") & (c("disabled") | c("seriously_ill")) & ~c("insured") & (c("exempt_entries") == 0),
    "EMP-04": c("came_back") & (c("returned_on") > HALF_YEAR_AGO) & ~c("works"),
    "EMP-05": c("wants_training") & c("age").is_between(16, 55)
    & (c("trained_on").is_null() | (c("trained_on") <= YEAR_AGO)),
}  # fmt: skip
per_person = per_person.with_columns(**person_rules, **person_checks).collect()

# Persons' hits make the household's: true when one holds, unknown when none does and one is unknown.
rolled = per_person.lazy().filter("present").group_by("household_id")
rolled = rolled.agg(c(list(person_rules)).any(ignore_nulls=False))
lists = [
    "EDU-01", "DIS-01", "MED-03", "ACC-01", "LAB-01", "DST-01", "EXP-01", "MED-01", "HOU-01", "HOU-02", "LIV-01", "LIV-02",
    "OTH-01", "OTH-02", "EDU-02", "WAT-01", "WAT-02", "WAT-04", "WAT-05",
]  # fmt: skip
sudden = ["DIS-01", "ACC-01", "LAB-01", "DST-01", "EXP-01", "MED-01", "LIV-01", "OTH-01", "OTH-02"]
per_household = per_household.lazy().join(rolled, on="household_id", how="left")
per_household = per_household.with_columns(
    listed=c("inhabited") & pl.any_horizontal(c(lists).fill_null(False)),
    lasting=pl.any_horizontal(c([r for r in lists if r not in sudden]).fill_null(False)),
)

# What looks at the work of offices.
cleared = c("monitored_type").is_null() | c("risk_cleared")
below = ["HOU-01", "EDU-01", "WAT-01", "WAT-02", "WAT-04", "WAT-05", "MED-03"]
listed = c("listed")
checks = {
    "AID-03": c("dibao_stopped_for_income") & (c("per_capita_income") < 7800),
    "AID-06": (lifted | watched) & (c("labourers") == 0) & ~c("dibao_now") & (c("tekun_members") == 0),
    "CAU-12": (lifted | watched) & rich & ~c("caution_reason_filed"),
    "CON-01": listed & cleared & (
        (c("serious_members") > 0) | (c("disabled_members") > 0) | (c("disasters_12m") > 0) | c("relocated") | c("dibao_now")
    ),
    "CON-02": lifted & cleared & pl.any_horizontal(below),
    "CON-03": watched & (c("per_capita_income") >= 20000) & rich,
    "CON-04": c("monitored_type").is_not_null() & c("risk_cleared")
    & (c("cleared_on") < c("monitored_since").dt.offset_by("6mo")),
    "CON-05": c("monitored_type").is_not_null() & c("risk_cleared") & listed,
    "CON-06": ~lifted & c("monitored_type").is_null() & (c("dibao_now") | (c("tekun_members") > 0))
    & (c("per_capita_income") < 7800),
    "CON-07": lifted & c("monitored_type").is_null() & (c("per_capita_income") >= 20000) & (c("subsidies_12m") > 0),
    "CON-08": watched & ((c("visits_12m") < 6) | (c("visited_last") <= TWO_MONTHS_AGO)),
    "CON-09": c("credit_largest") > 50000,
    "HOU-03": c("house_only") & c("house_shabby") & sound,
    "HOU-06": (c("rural_or_town_houses") == 0)
    & ((c("tekun_home_members") > 0) | (c("special_care_members") > 0) | (c("orphan_members") > 0)),
    "HOU-07": (c("rural_or_town_houses") == 0) & (c("severe_members") > 0),
    "HOU-08": dangerous & ~c("house_in_works") & (c("house_appraised_on") < DAYS_180),
    "HOU-09": sound & (~c("house_signed") | ~c("house_plaque")),
    "HOU-10": c("house_new") & (
        (c("house_new_area") < 30) | (c("house_new_area") > 60)
        | ((c("size") > 3) & (c("house_new_area") > c("size") * 18))
    ),
    "URB-01": c("urban") & (c("unemployed_members") >= 2) & (c("workers") == 0),
    "URB-02": c("urban") & (c("alone_members") > 0) & (c("dependants") > 0) & (c("stable_workers") == 0),
    "URB-03": c("urban") & c("dibao_now") & (c("per_capita_income") < 6600),
    "URB-05": c("urban") & (c("university_members") > 0) & (c("per_capita_income") < 7800),
    "EMP-01": (c("labourers") >= 1) & (c("workers") == 0),
    "EMP-02": lifted & (c("labourers") >= 1) & (c("workers_away") == 0),
    "EMP-03": c("relocated") & (c("labourers") >= 1) & (c("stable_workers") == 0),
    "EMP-06": lifted & (c("lost_labour_members") > 0) & (c("workers") == 0) & ~c("dibao_now") & (c("tekun_members") == 0),
}  # fmt: skip
per_household = per_household.with_columns(**checks)
per_household = per_household.with_columns(
    list_type=pl.when(lifted.fill_null(False))
    .then(pl.lit("unstable"))
    .when(~c("lasting") & (c("per_capita_income") >= 7800).fill_null(False))
    .then(pl.lit("sudden"))
    .otherwise(pl.lit("marginal"))
).collect()

by_household = per_household.filter("listed").select("household_id", "list_type").sort("household_id")
with open(f"{OUT}/listed.txt", "w") as out:
    out.writelines(f"{h} {t}\n" for h, t in by_household.iter_rows())
told = {}
for frame, named in [
    (per_household.lazy().filter("inhabited"), [*rules, *checks]),
    (per_person.lazy().filter("present"), [*person_rules, *person_checks]),
]:
    hits, unknown, rows = c(named).sum().name.suffix(" hits"), c(named).null_count().name.suffix(" unknown"), pl.len()
    for row in frame.select(hits, unknown, judged=rows).collect().iter_rows(named=True):
        told |= {rule: (row["judged"], row[f"{rule} hits"], row[f"{rule} unknown"]) for rule in named}
with open(f"{OUT}/rules.txt", "w") as out:
    out.writelines(f"{rule} {' '.join(map(str, told[rule]))}\n" for rule in sorted(told))
if "--indicators" in sys.argv:
    per_person.write_parquet(f"{OUT}/persons.parquet")
    per_household.write_parquet(f"{OUT}/households.parquet")
