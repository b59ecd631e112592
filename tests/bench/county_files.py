"""A synthetic population register and a dirty insurance export of the same county, with the truth between them.

Usage: target/bench-venv/bin/python tests/bench/county_files.py --persons 1000000 [--hard] [--bare] [--seed 7] --out DIR
       (needs numpy, polars, pyarrow, pypinyin and opencc from PyPI; tests/bench/linkage.py sets the environment up)

Writes, in UTF-8, the same bytes for the same arguments whatever the machine:

* `register.csv` (A): person_id, id_number, name, sex, birth_date, township_code, village_code, household_no, relation,
  phone. Households of one to seven people in villages of about 2,500 with two or three leading surnames; children with
  their father's surname, brothers and sisters with like names, generation characters within a clan; identity numbers
  with the right check character; about 3 % minority names with a dot. All region codes are 99xxxx, which nobody has.
* `insurance.csv` (B): record_id, id_number, name, sex, birth_date (not with --hard), village_code, family_no, phone.
  About 62 % of A, most members of the households that are in it, and 6 % of its rows people who are not in A at all (moved
  in, some of them into a family of A). family_no is the insurance's own number: of one household as a rule, sometimes two,
  sometimes none. In random order.
* `truth.csv`: left_id (person_id), right_id (record_id), kind: the faults of the record, joined by `+`, or `clean`.
* `villages.csv`: code and name.

Faults of the number (one at most per record): 4 % one wrong digit, 1 % two neighbours transposed, 1 % missing, 1 % the
15 digits of before 1999 (people born before 2000 only), 1 % the last three digits lost to Excel, 0.5 % the number of
another member of the household. Of the name (one at most, independent of the first): 2 % a homophone, 2 % a traditional or
variant character or another dot, 1 % a character lost (names of three and more), 1 % a space inside or around. --hard
triples all of these; --bare leaves family_no and phone out, so that households and telephones cannot help. In both: sex blank 3 % and wrong 0.3 %, birth date blank 1 % and wrong 0.5 %, village blank 5 % and
wrong 3 % (most of those in the same township), telephone in half of the records and another than the register's in a fifth.

Memory stays bounded (under 1 GB at 7 million): people are made in blocks of 40,000 households, rows of B go to part files
that are shuffled one by one.
"""

import argparse
import pathlib
import tempfile

import numpy as np
import polars as pl
import pyarrow as pa

from county_names import DOTS, WIDTH, Names

AS_OF = np.datetime64("2026-06-30")
EPOCH = np.datetime64("1900-01-01")
BLOCK = 40_000  # households made at once
COUNTY = 1_000_000  # people of one county
VILLAGE = 2_500  # people of one village
ELSEWHERE = 60  # region codes of other counties
SHARE = 0.62  # of the register that is in the insurance export
STRANGERS = 0.06  # of the export that is not in the register

SLOTS = 10
HEAD, SPOUSE, FATHER, MOTHER, CHILD, BRIDE, GRAND = 0, 1, 2, 3, 4, 7, 8
NUMBER_FAULTS = ["", "number_typo", "number_transposed", "number_missing", "number_15", "number_excel", "relative_number"]
NUMBER_SHARES = [0.04, 0.01, 0.01, 0.01, 0.01, 0.005]
NAME_FAULTS = ["", "name_homophone", "name_variant", "name_lost", "name_space"]
NAME_SHARES = [0.02, 0.02, 0.01, 0.01]
WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECKS = np.array([ord(c) for c in "10X98765432"], dtype=np.uint32)
CALENDAR = (np.arange(0, 50_000) + EPOCH).astype("datetime64[D]")


def digits(values, width):
    """Numbers as columns of digit code points."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return ((np.asarray(values)[:, None] // powers) % 10 + 48).astype(np.uint32)


def text(codes):
    """Code points, padded with zeros, as an Arrow column of strings."""
    codes = np.ascontiguousarray(codes, dtype=np.uint32)
    return pa.array(codes.view(f"<U{codes.shape[1]}")[:, 0])


def calendar_digits(days):
    """yyyymmdd as eight digit columns."""
    dates = CALENDAR[days]
    months = dates.astype("datetime64[M]").astype(np.int64)
    year, month = months // 12 + 1970, months % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return digits(year * 10_000 + month * 100 + day, 8)


def dashed(numerals):
    """yyyymmdd columns as yyyy-mm-dd columns."""
    dash = np.full((len(numerals), 1), ord("-"), dtype=np.uint32)
    return np.hstack([numerals[:, :4], dash, numerals[:, 4:6], dash, numerals[:, 6:]])


class Villages:
    """Codes, names and leading surnames; sizes are lognormal."""

    def __init__(self, rng, persons, names):
        count = max(4, round(persons * 1.02 / VILLAGE))
        sizes = np.exp(rng.normal(0, 0.45, count))
        self.ends = np.ceil(np.cumsum(sizes) / sizes.sum() * persons * 1.02)
        per_county = max(4, COUNTY // VILLAGE)
        place = np.arange(count)
        self.county = place // per_county
        township = (place % per_county) // 12 + 1
        self.township_code = (990_101 + self.county) * 1000 + township
        self.code = self.township_code * 1000 + 200 + place % per_county % 12
        self.leading = names.surname(rng, (count, 3))
        self.minority = np.where(rng.random(count) < 0.05, 0.5, 0.004)
        head, tail = "青石大龙上下东西南北新老黄白金银双三平高", "山河湖塘岗坪湾桥井坡沟店庄寨岭洞溪泉林坝"
        self.name = [f"{head[i % 20]}{tail[i // 20 % 20]}{'' if i < 400 else '甲乙丙丁戊己庚辛'[i // 400 % 8]}村" for i in range(count)]


class Numbers:
    """Identity numbers that no two people share: a counter per region, day and sex."""

    def __init__(self, regions):
        self.regions = regions
        # People of the register count up, strangers down, so that the register does not depend on the export's dirt.
        self.used = np.zeros((2, len(regions), len(CALENDAR), 2), dtype=np.uint16)

    def give(self, region, days, male, stranger=False):
        key = (region.astype(np.int64) * len(CALENDAR) + days) * 2 + male
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        fresh = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        starts = np.maximum.accumulate(np.where(fresh, np.arange(len(key)), 0))
        rank = np.empty(len(key), dtype=np.int64)
        rank[order] = np.arange(len(key)) - starts
        flat = self.used.reshape(2, -1)
        place = flat[int(stranger), key] + rank
        assert (place + flat[1 - int(stranger), key]).max() < 500, "more people of one sex born on one day than numbers"
        np.maximum.at(flat[int(stranger)], key, (place + 1).astype(np.uint16))
        if stranger:
            place = 499 - place
        # Each region, day and sex starts elsewhere, as stations hand out ranges of their own.
        sequence = ((key * 2654435761 >> 7) % 500 + place) % 500 * 2 + male
        body = np.hstack([digits(self.regions[region], 6), calendar_digits(days), digits(sequence, 3)])
        check = CHECKS[((body.astype(np.int64) - 48) @ WEIGHTS) % 11]
        return np.hstack([body, check[:, None]])


def pick(rng, shares, factor, size):
    """0 for most rows, else 1 + the place of the share that the draw fell into."""
    return (np.searchsorted(np.cumsum(np.array(shares) * factor), rng.random(size), side="right") + 1) % (len(shares) + 1)


class County:
    def __init__(self, persons, seed):
        self.persons, self.seed = persons, seed
        self.names = Names()
        rng = np.random.default_rng([seed, 0])
        self.villages = Villages(rng, persons, self.names)
        self.counties = int(self.villages.county.max()) + 1
        regions = np.concatenate([990_101 + np.arange(self.counties), 991_001 + np.arange(ELSEWHERE) % 20 + np.arange(ELSEWHERE) // 20 * 100])
        self.numbers = Numbers(regions)
        self.made = self.households = 0

    # ------------------------------------------------------------------ people

    def people(self, rng, count, village_of, first_household, born_here):
        """Households as flat columns, in household order."""
        n = self.names
        u = lambda: rng.random(count)
        present = np.zeros((count, SLOTS), dtype=bool)
        male = np.zeros((count, SLOTS), dtype=bool)
        age = np.zeros((count, SLOTS))
        a = np.clip(rng.normal(54, 13, count), 24, 92)
        age[:, HEAD] = a
        present[:, HEAD] = True
        male[:, HEAD] = u() < 0.84
        present[:, SPOUSE] = u() < np.where(a < 70, 0.80, 0.52)
        male[:, SPOUSE] = ~male[:, HEAD]
        age[:, SPOUSE] = a - np.where(male[:, HEAD], 1, -1) * rng.normal(2, 2.5, count)
        for slot, likely in ((FATHER, 0.16), (MOTHER, 0.24)):
            age[:, slot] = a + rng.normal(26 if slot == FATHER else 24, 3.5, count)
            present[:, slot] = (u() < likely) & (age[:, slot] < 95)
            male[:, slot] = slot == FATHER
        children = rng.choice(4, count, p=[0.08, 0.34, 0.44, 0.14])
        last = np.minimum(a, age[:, SPOUSE]) - rng.uniform(20, 30, count)
        for i in range(3):
            slot = CHILD + i
            age[:, slot] = last
            male[:, slot] = u() < 0.525
            stays = np.where(last < 22, 0.95, np.where(last < 30, np.where(male[:, slot], 0.75, 0.45), np.where(male[:, slot], 0.36, 0.06)))
            present[:, slot] = (children > i) & (last > 0) & (u() < stays)
            twins = u() < 0.012
            last = last - np.where(twins, 0, rng.uniform(1.2, 6, count))
            if i == 0:
                twin = twins
        grown = present[:, CHILD] & male[:, CHILD] & (age[:, CHILD] > 24)
        present[:, BRIDE] = grown & (u() < 0.58)
        age[:, BRIDE] = age[:, CHILD] - rng.normal(1.5, 2, count)
        for i in range(2):
            slot = GRAND + i
            age[:, slot] = age[:, CHILD] - rng.uniform(22, 29, count) - 3.5 * i
            male[:, slot] = u() < 0.525
            present[:, slot] = present[:, BRIDE] & (age[:, slot] > 0) & (u() < (0.75, 0.45)[i])
        # Seven at most; the youngest slots give way.
        present &= np.cumsum(present, axis=1) <= 7
        day_now = int((AS_OF - EPOCH).astype(int))
        days = np.clip((day_now - age * 365.25 - rng.integers(0, 60, (count, SLOTS))).astype(np.int64), 1000, day_now)
        days[:, CHILD + 1] = np.where(twin, days[:, CHILD], days[:, CHILD + 1])
        # Birth dates that were never known are written as the first of January.
        unknown = rng.random((count, SLOTS)) < 0.006
        year_start = (CALENDAR[days].astype("datetime64[Y]").astype("datetime64[D]") - EPOCH).astype(np.int64)
        days = np.where(unknown, year_start, days)

        # Surnames follow fathers; villages have leading ones.
        leading = self.villages.leading[village_of, rng.choice(3, count, p=[0.55, 0.28, 0.17])]
        line = np.where(u() < 0.55, leading, n.surname(rng, count))
        other = np.where(u() < 0.25, leading, n.surname(rng, count))
        spouse_male = ~male[:, HEAD]
        of_children = np.where(spouse_male & (u() < 0.9), other, line)
        surname = np.tile(of_children[:, None], (1, SLOTS))
        surname[:, HEAD] = surname[:, FATHER] = line
        surname[:, SPOUSE] = other
        surname[:, MOTHER], surname[:, BRIDE] = n.surname(rng, (2, count))
        cohort = np.where(CALENDAR[days] < np.datetime64("1970-01-01"), 0, np.where(CALENDAR[days] < np.datetime64("1995-01-01"), 1, 2))
        generation = (CALENDAR[days].astype("datetime64[Y]").astype(int) + 70) // 22
        clan = village_of[:, None] * 1009 + surname
        flat = lambda matrix: matrix.reshape(-1)
        given = n.given(rng, flat(male), flat(cohort), flat(clan), flat(generation)).reshape(count, SLOTS, 2)
        for older, younger in ((CHILD, CHILD + 1), (CHILD, CHILD + 2), (GRAND, GRAND + 1)):
            two = (given[:, older, 1] != 0) & (given[:, younger, 1] != 0) & (given[:, older, 0] != given[:, younger, 1])
            first = two & (u() < np.where(male[:, older] == male[:, younger], 0.38, 0.16))
            given[first, younger, 0] = given[first, older, 0]
            second = two & ~first & (u() < 0.08)
            given[second, younger, 1] = given[second, older, 1]
        name = np.zeros((count, SLOTS, WIDTH), dtype=np.uint32)
        long = n.surnames[surname][:, :, 1] != 0
        name[:, :, 0] = n.surnames[surname][:, :, 0]
        name[:, :, 1] = np.where(long, n.surnames[surname][:, :, 1], given[:, :, 0])
        name[:, :, 2] = np.where(long, given[:, :, 0], given[:, :, 1])
        name[:, :, 3] = np.where(long, given[:, :, 1], 0)
        dotted = u() < self.villages.minority[village_of]
        self._dotted(rng, name, male, np.flatnonzero(dotted))

        # Numbers: most were issued in the county, people who married in brought theirs.
        county = self.villages.county[village_of]
        local = rng.random((count, SLOTS)) < np.where(np.isin(np.arange(SLOTS), [SPOUSE, MOTHER, BRIDE]), 0.72, 0.95) * born_here
        away = self.counties + rng.integers(0, ELSEWHERE, (count, SLOTS))
        region = np.where(local, county[:, None], away)
        keep = flat(present)
        relation = np.array(["户主", "配偶", "父亲", "母亲", "子", "女", "儿媳", "孙子", "孙女"], dtype=object)
        told = np.tile(np.array([0, 1, 2, 3, 4, 4, 4, 6, 7, 7]), (count, 1))
        told[:, CHILD : CHILD + 3] += ~male[:, CHILD : CHILD + 3]
        told[:, GRAND:] += ~male[:, GRAND:]
        phone = np.where(rng.random((count, SLOTS)) < 0.35, rng.integers(0, 10**8, (count, SLOTS)), rng.integers(0, 10**8, (count, 1)))
        reachable = (rng.random((count, SLOTS)) < 0.62) & (age > 8)
        people = {
            "household": np.repeat(first_household + np.arange(count), SLOTS)[keep],
            "village": np.repeat(village_of, SLOTS)[keep],
            "male": flat(male)[keep],
            "days": flat(days)[keep],
            "name": name.reshape(-1, WIDTH)[keep],
            "relation": flat(told)[keep],
            "phone": np.where(flat(reachable), flat(phone), -1)[keep],
            "region": flat(region)[keep],
            "dotted": np.repeat(dotted, SLOTS)[keep],
        }
        people["relation"] = relation[people["relation"]]
        return people

    def _dotted(self, rng, name, male, households):
        """Minority names: one's own part, a dot, the father's part."""
        for h in households:
            own = [self.names.parts["M" if m else "F"][rng.integers(0, 40 if m else 30)] for m in male[h]]
            elder = self.names.parts["M"][rng.integers(0, 40, SLOTS)]
            head = HEAD if male[h, HEAD] else SPOUSE
            elder[head] = own[FATHER] if head == HEAD else elder[head]
            elder[CHILD : CHILD + 3] = own[head]
            elder[GRAND:] = own[CHILD]
            for slot in range(SLOTS):
                whole = f"{own[slot]}·{elder[slot]}"[:WIDTH]
                name[h, slot] = 0
                name[h, slot, : len(whole)] = [ord(c) for c in whole]

    # ------------------------------------------------------------------ files

    def write(self, out, hard, bare=False):
        out.mkdir(parents=True, exist_ok=True)
        parts = max(1, round(self.persons * SHARE / 400_000))
        with tempfile.TemporaryDirectory(dir=out) as scratch, open(out / "register.csv", "wb") as register:
            block = 0
            while self.made < self.persons:
                rng = np.random.default_rng([self.seed, 1, block])
                dirt = np.random.default_rng([self.seed, 3 if hard else 2, block])
                count = min(BLOCK, (self.persons - self.made) // 3 + 50)
                people, numbers = self._register_block(rng, count, register, block == 0)
                frame = self._insurance_block(dirt, people, numbers, 3 if hard else 1, hard)
                part = dirt.integers(0, parts, frame.height)
                for p in range(parts):
                    frame.filter(pl.Series(part == p)).write_ipc(f"{scratch}/{p:03}-{block:05}.arrow")
                block += 1
            records = self._shuffle(pathlib.Path(scratch), out, parts, hard, bare)
        villages = pl.DataFrame({"village_code": self.villages.code.astype(str), "village_name": self.villages.name})
        villages.write_csv(out / "villages.csv")
        return self.made, records

    def _register_block(self, rng, count, register, header):
        # Sizes are not known before the people are drawn: villages follow the mean of three and a third to a household.
        guess = self.made + np.arange(count) * 3.2
        village_of = np.minimum(np.searchsorted(self.villages.ends, guess, side="right"), len(self.villages.ends) - 1)
        people = self.people(rng, count, village_of, self.households, 1.0)
        keep = min(len(people["male"]), self.persons - self.made)
        people = {key: column[:keep] for key, column in people.items()}
        people["person"] = self.made + np.arange(keep)
        numbers = self.numbers.give(people["region"], people["days"], people["male"])
        self.made += keep
        self.households += count
        v = people["village"]
        frame = pl.DataFrame(
            {
                "person_id": text(np.hstack([np.full((keep, 1), ord("P")), digits(people["person"] + 1, 8)])),
                "id_number": text(numbers),
                "name": text(people["name"]),
                "sex": np.where(people["male"], "男", "女"),
                "birth_date": text(dashed(calendar_digits(people["days"]))),
                "township_code": text(digits(self.villages.township_code[v], 9)),
                "village_code": text(digits(self.villages.code[v], 12)),
                "household_no": text(digits(990_000_000 + people["household"] + 1, 9)),
                "relation": people["relation"].astype("U2"),
                "phone": phones(people["phone"]),
            }
        )
        blank(frame).write_csv(register, include_header=header)
        return people, numbers

    def _insurance_block(self, rng, people, numbers, factor, hard):
        n = len(people["male"])
        first = people["household"][0]
        households = people["household"][-1] - first + 1
        insured = (rng.random(households) < 0.76)[people["household"] - first] & (rng.random(n) < SHARE / 0.76)
        rows = np.flatnonzero(insured)
        number_fault = pick(rng, NUMBER_SHARES, factor, len(rows))
        born = people["days"][rows]
        number_fault[(number_fault == 4) & (CALENDAR[born] >= np.datetime64("2000-01-01"))] = 0
        number = numbers[rows].copy()
        # Another member's number: any of the household but oneself; who lives alone has nobody's.
        starts = np.searchsorted(people["household"], people["household"][rows], side="left")
        size = np.searchsorted(people["household"], people["household"][rows], side="right") - starts
        number_fault[(number_fault == 6) & (size < 2)] = 0
        theirs = number_fault == 6
        step = 1 + (rng.random(len(rows)) * np.maximum(size - 1, 1)).astype(np.int64)
        number[theirs] = numbers[(starts + (rows - starts + step) % np.maximum(size, 1))[theirs]]
        family, village = self._families(rng, people, rows)
        known = people["phone"][rows]
        their_phone = np.where(rng.random(len(rows)) < 0.2, rng.integers(0, 10**8, len(rows)), known)
        table = {
            "number": number, "fault": number_fault, "name": people["name"][rows], "dotted": people["dotted"][rows],
            "male": people["male"][rows], "days": born, "village": village, "family": family,
            "phone": np.where(rng.random(len(rows)) < 0.8, their_phone, -1), "person": people["person"][rows],
        }  # fmt: skip
        moved = self._strangers(rng, table, factor)
        table = {key: np.concatenate([table[key], moved[key]]) for key in table}
        return self._dirty(rng, table, factor, hard)

    def _families(self, rng, people, rows):
        """The insurance's own family number: one household as a rule, sometimes two numbers, sometimes none."""
        household = people["household"][rows]
        first = household[0] if len(household) else 0
        span = (household[-1] - first + 1) if len(household) else 1
        split = (rng.random(span) < 0.08)[household - first] & (rng.random(len(rows)) < 0.4)
        lost = (rng.random(span) < 0.05)[household - first] | (rng.random(len(rows)) < 0.02)
        family = np.where(lost, -1, household * 2 + split)
        return family, people["village"][rows]

    def _strangers(self, rng, table, factor):
        """People who are not in the register: whole families, and single people in families that are."""
        wanted = round(len(table["male"]) * STRANGERS / (1 - STRANGERS))
        count = wanted // 3 + 40
        village_of = rng.choice(table["village"], count)
        # Far above the households of the register, so that family numbers never meet.
        base = 100_000_000 + self.households
        people = self.people(rng, count, village_of, base, 0.3)
        keep = min(wanted, len(people["male"]))
        people = {key: column[:keep] for key, column in people.items()}
        number = self.numbers.give(people["region"], people["days"], people["male"], stranger=True)
        alone = np.flatnonzero(np.isin(people["relation"], ["配偶", "儿媳"]) & (rng.random(keep) < 0.8))
        family = people["household"] * 2
        host = rng.integers(0, len(table["male"]), len(alone))
        family[alone] = table["family"][host]
        village = people["village"].copy()
        village[alone] = table["village"][host]
        fault = pick(rng, NUMBER_SHARES[:5], factor, keep)
        fault[(fault == 4) & (CALENDAR[people["days"]] >= np.datetime64("2000-01-01"))] = 0
        return {
            "number": number, "fault": fault, "name": people["name"], "dotted": people["dotted"], "male": people["male"],
            "days": people["days"], "village": village, "family": family, "phone": people["phone"],
            "person": np.full(keep, -1),
        }  # fmt: skip

    # ------------------------------------------------------------------ dirt

    def _dirty(self, rng, t, factor, hard):
        n = len(t["male"])
        number = damaged_numbers(rng, t["number"], t["fault"])
        name, name_fault = self._damaged_names(rng, t["name"], t["dotted"], factor)
        sex = np.where(t["male"] ^ (rng.random(n) < 0.003), "男", "女")
        sex = np.where(rng.random(n) < 0.03, "", sex)
        village = t["village"].copy()
        near = rng.random(n) < 0.02
        village[near] = np.minimum(village[near] // 12 * 12 + rng.integers(0, 12, int(near.sum())), len(self.villages.code) - 1)
        far = rng.random(n) < 0.01
        village[far] = rng.integers(0, len(self.villages.code), int(far.sum()))
        code = digits(self.villages.code[village], 12)
        code[rng.random(n) < 0.05] = 0
        days = t["days"].copy()
        wrong = rng.random(n) < 0.005
        days[wrong] = np.maximum(days[wrong] + rng.choice([-3653, -365, -31, -1, 1, 10, 30, 365], int(wrong.sum())), 0)
        birth = dashed(calendar_digits(days))
        birth[rng.random(n) < 0.01] = 0
        family = np.hstack([np.full((n, 1), ord("F")), digits((t["family"] * 48_271 + 11) % 999_999_937, 9)])
        family[t["family"] < 0] = 0
        kinds = np.array([[("+".join(filter(None, [a, b])) or "clean") for b in NAME_FAULTS] for a in NUMBER_FAULTS])
        person = np.hstack([np.full((n, 1), ord("P")), digits(np.maximum(t["person"], 0) + 1, 8)])
        person[t["person"] < 0] = 0
        columns = {"id_number": text(number), "name": text(name), "sex": sex}
        if not hard:
            columns["birth_date"] = text(birth)
        columns |= {"village_code": text(code), "family_no": text(family), "phone": phones(t["phone"])}
        columns |= {"left_id": text(person), "kind": kinds[t["fault"], name_fault]}
        return pl.DataFrame(columns)

    def _damaged_names(self, rng, names, dotted, factor):
        n = self.names
        names = names.copy()
        length = (names != 0).sum(axis=1)
        fault = pick(rng, NAME_SHARES, factor, len(names))
        # Faults that a name cannot have fall to those that can, so that the shares hold.
        able = n.has_form(names) & (names != 0)
        able[dotted] = False
        can_vary, can_lose = able.any(axis=1) | dotted, length > 2
        fault[((fault == 2) & ~can_vary) | ((fault == 3) & ~can_lose)] = 0
        for kind, can in ((2, can_vary), (3, can_lose)):
            missing = round(NAME_SHARES[kind - 1] * factor * len(names)) - int((fault == kind).sum())
            pool = np.flatnonzero(can & (fault == 0))
            fault[rng.choice(pool, min(max(missing, 0), len(pool)), replace=False)] = kind
        rows = np.flatnonzero(fault == 1)
        place = 1 + (rng.random(len(rows)) * (length[rows] - 1)).astype(np.int64)
        place[rng.random(len(rows)) < 0.12] = 0
        place[names[rows, place] == ord("·")] = 0
        before = names[rows, place]
        names[rows, place] = n.homophone(rng, before)
        fault[rows[names[rows, place] == before]] = 0
        rows = np.flatnonzero((fault == 2) & ~dotted)
        place = np.argmax(np.where(able[rows], rng.random((len(rows), WIDTH)), -1), axis=1)
        names[rows, place] = n.form(rng, names[rows, place])
        for row in np.flatnonzero((fault == 2) & dotted):
            put(names, row, shown(names[row]).replace("·", DOTS[rng.integers(0, len(DOTS))]))
        rows = np.flatnonzero(fault == 3)
        place = 1 + (rng.random(len(rows)) * (length[rows] - 1)).astype(np.int64)
        shifted = np.hstack([names[rows, 1:], np.zeros((len(rows), 1), dtype=np.uint32)])
        names[rows] = np.where(np.arange(WIDTH) >= place[:, None], shifted, names[rows])
        for row in np.flatnonzero(fault == 4):
            whole, space = shown(names[row]), " \u3000"[rng.integers(0, 2)]
            at = [1, 1, 1, len(whole), 0][rng.integers(0, 5)]
            put(names, row, whole[:at] + space + whole[at:])
        return names, fault

    def _shuffle(self, scratch, out, parts, hard, bare):
        hidden = ["record_id", "left_id", "kind"] + (["family_no", "phone"] if bare else [])
        made = 0
        with open(out / "insurance.csv", "wb") as insurance, open(out / "truth.csv", "wb") as truth:
            for p in range(parts):
                frame = pl.concat([pl.read_ipc(f) for f in sorted(scratch.glob(f"{p:03}-*.arrow"))])
                order = np.random.default_rng([self.seed, 5 if hard else 4, p]).permutation(frame.height)
                frame = frame[order]
                ids = text(np.hstack([np.full((frame.height, 1), ord("R")), digits(made + np.arange(frame.height) + 1, 8)]))
                frame = frame.with_columns(pl.Series("record_id", ids))
                columns = [c for c in frame.columns if c not in hidden]
                blank(frame.select("record_id", *columns)).write_csv(insurance, include_header=p == 0)
                known = frame.filter(pl.col("left_id") != "").select("left_id", pl.col("record_id").alias("right_id"), "kind")
                known.write_csv(truth, include_header=p == 0)
                made += frame.height
        return made


def blank(frame):
    """Empty fields, not quoted empty strings."""
    return frame.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))


def damaged_numbers(rng, numbers, fault):
    out = numbers.copy()
    rows = np.flatnonzero(fault == 1)
    place = rng.integers(0, 18, len(rows))
    old = out[rows, place].astype(np.int64)
    new = 48 + (np.where(old == ord("X"), 57, old) - 48 + rng.integers(1, 10, len(rows))) % 10
    out[rows, place] = new
    rows = np.flatnonzero(fault == 2)
    differ = out[rows, :-1] != out[rows, 1:]
    place = np.argmax(np.where(differ, rng.random(differ.shape), -1), axis=1)
    out[rows, place], out[rows, place + 1] = out[rows, place + 1], out[rows, place]
    out[fault == 3] = 0
    rows = np.flatnonzero(fault == 4)
    short = np.zeros((len(rows), 18), dtype=np.uint32)
    short[:, :6], short[:, 6:15] = out[rows, :6], out[rows, 8:17]
    out[rows] = short
    rows = np.flatnonzero(fault == 5)
    out[rows, 15:] = 48
    return out


def phones(values):
    """Telephone numbers; negative is none."""
    out = np.hstack([np.tile(np.array([49, 57, 57], dtype=np.uint32), (len(values), 1)), digits(np.maximum(values, 0), 8)])
    out[values < 0] = 0
    return text(out)


def shown(codes):
    return "".join(chr(c) for c in codes if c)


def put(names, row, word):
    names[row] = 0
    names[row, : min(len(word), WIDTH)] = [ord(c) for c in word[:WIDTH]]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--persons", type=int, required=True)
    arguments.add_argument("--hard", action="store_true")
    arguments.add_argument("--bare", action="store_true")
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--out", type=pathlib.Path, required=True)
    given = arguments.parse_args()
    persons, records = County(given.persons, given.seed).write(given.out, given.hard, given.bare)
    print(f"{given.out}: {persons} persons, {records} insurance records{', hard' if given.hard else ''}")


if __name__ == "__main__":
    main()
