"""SNANA files go in whole and once; what breaks a rule stays out, and says where and why."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from scratch import PROJECT, Scratch, scratch, scratch_server

from loader.ingest import snana
from loader.ingest.rows import Rows
from loader.ingest.source import open_source

__all__ = ["scratch", "scratch_server"]

REAL = Path(__file__).parents[2] / "shared" / "data" / "elasticc2_snana"
BANDS = "ugrizY"
QUANTILES = [f"ZPHOT_Q{percent:03d}" for percent in range(0, 101, 10)]
HOST = [
    "PHOTOZ", "PHOTOZ_ERR", "SPECZ", "SPECZ_ERR", "RA", "DEC", "SNSEP", "ELLIPTICITY", "SQRADIUS", *QUANTILES,
    *(f"MAG_{band}" for band in BANDS), *(f"MAGERR_{band}" for band in BANDS),
]  # fmt: skip
TRUTH = [
    "CID", "LIBID", "SIM_SEARCHEFF_MASK", "GENTYPE", "NON1A_INDEX", "ZCMB", "ZHELIO", "ZCMB_SMEAR", "RA", "DEC",
    "MWEBV", "GALID", "GALZPHOT", "GALZPHOTERR", "GALSNSEP", "GALSNDDLR", "RV", "AV", "MU", "LENSDMU", "PEAKMJD",
    "MJD_DETECT_FIRST", "MJD_DETECT_LAST", "DTSEASON_PEAK", "PEAKMAG_u", "PEAKMAG_g", "PEAKMAG_r", "PEAKMAG_i",
    "PEAKMAG_z", "PEAKMAG_Y", "SNRMAX", "SNRMAX2", "SNRMAX3", "NOBS", "NOBS_SATURATE",
]  # fmt: skip
NOTHING = {
    "elasticc_diaobject": 0, "elasticc_diasource": 0, "elasticc_diaforcedsource": 0, "elasticc_diaalert": 0,
    "elasticc_diatruth": 0, "elasticc_diaobjecttruth": 0, "elasticc_brokermessage": 0, "elasticc_brokerclassifier": 0,
    "elasticc_brokerclassification": 0,
}  # fmt: skip
ONE_PAIR = {**NOTHING, "elasticc_diaobject": 2, "elasticc_diaforcedsource": 5, "elasticc_diasource": 2, "elasticc_diaalert": 2}

Table = dict[str, Any]


def make_head(first_id: int = 100, *, quantiles: bool = True) -> Table:
    """Two objects: of three points, and of two."""
    head: Table = {
        "SNID": np.array([str(first_id), str(first_id + 1)], dtype="S16"),
        "RA": np.array([10.5, 359.9]),
        "DEC": np.array([-20.25, 1.0]),
        "NOBS": np.array([3, 2], dtype=np.int32),
        "PTROBS_MIN": np.array([1, 5], dtype=np.int32),
        "PTROBS_MAX": np.array([3, 6], dtype=np.int32),
        "SIM_LIBID": np.array([7, 8], dtype=np.int32),
    }
    names = [f"{host}_{name}" for host in ("HOSTGAL", "HOSTGAL2") for name in HOST]
    for at, name in enumerate(["MWEBV", "MWEBV_ERR", "REDSHIFT_FINAL", "REDSHIFT_FINAL_ERR", *names]):
        if quantiles or "_ZPHOT_Q" not in name:
            head[name] = np.array([at + 0.1, -9.0], dtype=np.float32)
    return head


def make_phot() -> Table:
    return {
        "MJD": np.array([60000.1, 60001.1, 60002.1, -777, 60003.1, 60004.1, -777]),
        "BAND": np.array(["u ", "Y ", "r ", "- ", "g ", "i ", "- "], dtype="S2"),
        "PHOTFLAG": np.array([0, 4096 + 1, 0, 0, 4096, 1, 0], dtype=np.int32),
        "FLUXCAL": np.array([1.5, 100.25, -3.0, -777, 33.3, 0.1, -777], dtype=np.float32),
        "FLUXCALERR": np.array([1, 2, 3, -777, 1.1, 5, -777], dtype=np.float32),
        "ZEROPT": np.zeros(7, dtype=np.float32),
    }


def write(
    folder: Path, name: str, head: Table | None, phot: Table | None, *, n_quantiles: int = 11, ending: str = ".FITS.gz"
) -> Path:
    folder.mkdir(exist_ok=True)
    for kind, table in (("HEAD", head), ("PHOT", phot)):
        if table is not None:
            primary = fits.PrimaryHDU()
            primary.header["NZPHOT_Q"] = n_quantiles
            formats = {"f": {4: "E", 8: "D"}, "i": {4: "J"}}
            columns = [
                fits.Column(
                    key,
                    f"{one.dtype.itemsize}A" if one.dtype.kind == "S" else formats[one.dtype.kind][one.dtype.itemsize],
                    array=one,
                )
                for key, one in table.items()
            ]
            made = fits.HDUList([primary, fits.BinTableHDU.from_columns(columns)])
            made.writeto(folder / f"{name}_{kind}{ending}", overwrite=True)
    return folder


def write_dump(folder: Path, ids: list[int], *, names: list[str] = TRUTH) -> Path:
    lines = ["# a comment", "", f"VARNAMES:  {' '.join(names)}", ""]
    lines += [f"SN:  {one} " + " ".join(str(at) for at in range(1, len(names))) for one in ids]
    (folder / "a.DUMP").write_text("\n".join(lines) + "\n")
    return folder


def test_a_pair_goes_in_by_the_rules(scratch: Scratch, tmp_path: Path) -> None:
    write_dump(write(tmp_path / "sim", "a", make_head(), make_phot()), [100, 101])
    done = scratch.loader("load", "snana", tmp_path, "--sim-version", "v7")
    assert (done.returncode, done.stderr) == (0, "")
    assert scratch.counts() == {**ONE_PAIR, "elasticc_diaobjecttruth": 2}
    scale = np.float32(10 ** ((31.4 - 27.5) / 2.5))
    flux = [float(value) for value in np.array([1.5, 100.25, -3.0, 33.3, 0.1], dtype=np.float32) * scale]
    flux_err = [float(value) for value in np.array([1, 2, 3, 1.1, 5], dtype=np.float32) * scale]
    forced = scratch.rows(
        'select "diaForcedSourceId", "diaObject_id", "midPointTai", "filterName", "psFlux", "psFluxErr", "ccdVisitId", '
        '"totFlux" from elasticc_diaforcedsource order by 1'
    )
    assert forced == [
        (10000000, 100, 60000.1, "u", flux[0], flux_err[0], None, None),
        (10000001, 100, 60001.1, "Y", flux[1], flux_err[1], None, None),
        (10000002, 100, 60002.1, "r", flux[2], flux_err[2], None, None),
        (10100000, 101, 60003.1, "g", flux[3], flux_err[3], None, None),
        (10100001, 101, 60004.1, "i", flux[4], flux_err[4], None, None),
    ]
    sources = scratch.rows('select "diaSourceId", "diaObject_id", ra, decl, snr from elasticc_diasource order by 1')
    assert [row[:4] for row in sources] == [(10000001, 100, 10.5, -20.25), (10100000, 101, 359.9, 1.0)]
    assert sources[0][4] == float(np.float32(flux[1]) / np.float32(flux_err[1]))
    alerts = scratch.rows(
        'select "alertId", "diaSource_id", "diaObject_id", "alertSentTimestamp" from elasticc_diaalert order by 1'
    )
    assert alerts == [(10000001, 10000001, 100, None), (10100000, 10100000, 101, None)]
    objects = scratch.rows(
        'select "simVersion", "hostgal_zphot_q050", "hostgal2_zspec", "hostgal_zphot_p50" from elasticc_diaobject '
        'order by "diaObjectId"'
    )
    assert [(row[0], row[2], row[3]) for row in objects][1] == ("v7", -9.0, None)
    assert scratch.rows('select "sim_template_index", "peakmag_Y", "galid" from elasticc_diaobjecttruth') == [(4, 29.0, 11)] * 2


def test_loading_twice_changes_nothing(scratch: Scratch, tmp_path: Path) -> None:
    write_dump(write(tmp_path / "sim", "a", make_head(), make_phot()), [100])
    first = scratch.loader("load", "snana", tmp_path)
    before = scratch.counts()
    again = scratch.loader("load", "snana", tmp_path)
    assert (first.returncode, again.returncode) == (0, 0)
    assert "Nothing new." in again.stdout and "Nothing new." not in first.stdout
    assert scratch.counts() == before


def test_a_large_pair_comes_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole objects at a time; the rows are the same, and so are their numbers."""
    write(tmp_path, "a", make_head(), make_phot())
    pair = snana.find([tmp_path]).pairs[0]

    def read() -> list[Rows]:
        with open_source(pair.head) as head, open_source(pair.phot) as phot:
            return list(snana.read_pair(head, phot, sim_version="v7"))

    whole = read()
    monkeypatch.setattr(snana, "POINTS_AT_ONCE", 1)
    parts = read()
    assert (len(whole), len(parts)) == (1 + 3, 1 + 2 * 3)
    for rows in whole:
        same = [part for part in parts if part.table == rows.table]
        assert np.array_equal(np.concatenate([part.numbers for part in same]), rows.numbers)
        for name, values in rows.columns.items():
            assert np.array_equal(np.concatenate([part.columns[name] for part in same]), values)


MEASURED = """
import resource, sys
from pathlib import Path
from loader.ingest import snana
from loader.ingest.source import open_source
def read(folder):
    with open_source(Path(folder, "a_HEAD.FITS")) as head, open_source(Path(folder, "a_PHOT.FITS")) as phot:
        return sum(len(rows) for rows in snana.read_pair(head, phot) if rows.table == "elasticc_diaforcedsource")
n = read(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n += read(sys.argv[2])
print(n, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_memory_doesnt_grow_with_phot(tmp_path: Path) -> None:
    points_each, n_objects = 20_000, {"small": 20, "large": 100}
    for name, count in n_objects.items():
        head = {key: np.repeat(values[:1], count) for key, values in make_head().items()}
        start = np.arange(count, dtype=np.int32) * (points_each + 1)
        head |= {"SNID": np.arange(1, count + 1).astype("S16"), "NOBS": np.full(count, points_each, dtype=np.int32),
                 "PTROBS_MIN": start + 1, "PTROBS_MAX": start + points_each}  # fmt: skip
        n_rows = count * (points_each + 1)
        phot = {key: np.resize(values[:1], n_rows) for key, values in make_phot().items()}
        phot["BAND"][points_each :: points_each + 1] = b"-"
        phot |= {f"SIM_{at}": np.random.default_rng(at).random(n_rows) for at in range(6)}
        write(tmp_path / name, "a", head, phot, ending=".FITS")
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "small"), str(tmp_path / "large")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=120)
    n_points, grown = map(int, done.stdout.split())
    assert n_points == points_each * sum(n_objects.values())
    plain = n_objects["large"] * points_each * 74
    print(f"\n{plain:,} bytes of PHOT read, {grown:,} more in memory", file=sys.stderr)
    assert grown < plain / 4


def test_no_quantiles_and_no_objects_are_fine(scratch: Scratch, tmp_path: Path) -> None:
    write(tmp_path / "sim", "galactic", make_head(quantiles=False), make_phot(), n_quantiles=0)
    empty = {name: values[:0] for name, values in make_head().items()}
    write(tmp_path / "sim", "none", empty, {name: values[:0] for name, values in make_phot().items()})
    assert scratch.loader("load", "snana", tmp_path).returncode == 0
    assert scratch.counts() == ONE_PAIR
    assert scratch.rows('select distinct "hostgal_zphot_q050" from elasticc_diaobject') == [(None,)]


def longer(table: Table, band: bytes) -> Table:
    """With its last row again, in another band."""
    return with_value({name: np.append(values, values[-1:]) for name, values in table.items()}, "BAND", -1, band)


def with_value(table: Table, name: str, at: int, value: object) -> Table:
    changed = table[name].copy()
    changed[at] = value
    return {**table, name: changed}


def without(table: Table, name: str) -> Table:
    return {key: values for key, values in table.items() if key != name}


REFUSALS: dict[str, tuple[Callable[[], tuple[Table | None, Table | None]], str]] = {
    "PHOT alone": (lambda: (None, make_phot()), "bad_PHOT.FITS.gz: a PHOT file without its HEAD"),
    "HEAD alone": (lambda: (make_head(900), None), "bad_HEAD.FITS.gz: a HEAD file without its PHOT"),
    "unknown column": (
        lambda: ({**make_head(900), "SPARKLE": np.zeros(2)}, make_phot()), "bad_HEAD.FITS.gz: unknown column SPARKLE"
    ),
    "unknown PHOT column": (
        lambda: (make_head(900), {**make_phot(), "SPARKLE": np.zeros(7)}), "bad_PHOT.FITS.gz: unknown column SPARKLE"
    ),
    "one more separator": (
        lambda: (make_head(900), longer(make_phot(), b"-")), "bad_PHOT.FITS.gz: 3 separator rows for 2 objects"
    ),
    "no last separator": (
        lambda: (make_head(900), {name: values[:-1] for name, values in make_phot().items()}),
        "bad_PHOT.FITS.gz: 1 separator rows for 2 objects",
    ),
    "one more point": (lambda: (make_head(900), longer(make_phot(), b"g")), "bad_PHOT.FITS.gz, row 8: a point of no"),
    "missing column": (lambda: (without(make_head(900), "MWEBV"), make_phot()), "bad_HEAD.FITS.gz: no column MWEBV"),
    "missing PHOT column": (lambda: (make_head(900), without(make_phot(), "MJD")), "bad_PHOT.FITS.gz: no column MJD"),
    "missing quantiles": (lambda: (make_head(900, quantiles=False), make_phot()), "no column HOSTGAL2_ZPHOT_Q000"),
    "separator in an object": (
        lambda: (make_head(900), with_value(make_phot(), "BAND", 1, b"-")), "bad_PHOT.FITS.gz, row 2: a separator row"
    ),
    "point between objects": (
        lambda: (make_head(900), with_value(make_phot(), "BAND", 3, b"g")), "bad_PHOT.FITS.gz, row 4: a point of no"
    ),
    "gap in PTROBS": (
        lambda: (with_value(with_value(make_head(900), "PTROBS_MIN", 1, 6), "NOBS", 1, 1), make_phot()),
        "bad_HEAD.FITS.gz, row 2: PTROBS_MIN",
    ),
    "PTROBS past the end": (
        lambda: (with_value(with_value(make_head(900), "PTROBS_MAX", 1, 9), "NOBS", 1, 5), make_phot()),
        "bad_HEAD.FITS.gz, row 2: PTROBS_MAX is past",
    ),
    "NOBS": (lambda: (with_value(make_head(900), "NOBS", 0, 4), make_phot()), "bad_HEAD.FITS.gz, row 1: NOBS"),
    "band": (
        lambda: (make_head(900), with_value(make_phot(), "BAND", 4, b"w")), "bad_PHOT.FITS.gz, row 5: BAND is none of"
    ),
    "SNID twice": (lambda: (with_value(make_head(900), "SNID", 1, b"900"), make_phot()), "row 2: SNID 900 stands"),
    "SNID of the demo": (
        lambda: (with_value(make_head(900), "SNID", 0, b"1000000000001"), make_phot()), "row 1: SNID '1000000000001'"
    ),
    "NaN": (
        lambda: (make_head(900), with_value(make_phot(), "FLUXCAL", 2, np.nan)), "bad_PHOT.FITS.gz, row 3: FLUXCAL or"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_bad_pair_stays_out_and_the_others_go_in(scratch: Scratch, tmp_path: Path, case: str) -> None:
    make, sentence = REFUSALS[case]
    write(tmp_path / "sim", "bad", *make())
    write(tmp_path / "sim", "good", make_head(), make_phot())
    done = scratch.loader("load", "snana", tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert "Refused files: 1" in done.stdout
    assert scratch.counts() == ONE_PAIR


@pytest.mark.parametrize("kind", ["HEAD", "PHOT"])
@pytest.mark.parametrize("damage", ["cut gzip", "cut FITS", "no FITS", "flipped byte"])
def test_a_damaged_file_stays_out(scratch: Scratch, tmp_path: Path, kind: str, damage: str) -> None:
    write(tmp_path / "sim", "bad", make_head(900), make_phot())
    write(tmp_path / "sim", "good", make_head(), make_phot())
    bad = tmp_path / "sim" / f"bad_{kind}.FITS.gz"
    packed = bytearray(bad.read_bytes())
    whole = gzip.decompress(packed)
    if damage == "flipped byte":
        packed[len(packed) // 2] ^= 0x5A
    damaged = {
        "cut gzip": bytes(packed[: len(packed) // 2]),
        "cut FITS": gzip.compress(whole[:-2880]),
        "no FITS": gzip.compress(b"hello" * 1000),
        "flipped byte": bytes(packed),
    }
    bad.write_bytes(damaged[damage])
    done = scratch.loader("load", "snana", tmp_path)
    assert done.returncode == 1
    assert f"bad_{kind}.FITS.gz: " in done.stderr and "Traceback" not in done.stderr
    assert scratch.counts() == ONE_PAIR


def test_another_value_for_a_known_key_refuses_the_file_whole(scratch: Scratch, tmp_path: Path) -> None:
    write(tmp_path / "old", "a", make_head(), make_phot())
    assert scratch.loader("load", "snana", tmp_path / "old").returncode == 0
    write(tmp_path / "new", "a", make_head(), with_value(make_phot(), "MJD", 5, 61000.5))
    write(tmp_path / "new", "b", make_head(500), make_phot())
    done = scratch.loader("load", "snana", tmp_path / "new")
    assert done.returncode == 1
    assert (
        "a_PHOT.FITS.gz, row 6: elasticc_diaforcedsource diaForcedSourceId 10100001 is known with "
        "midPointTai = 60004.1, and the file says 61000.5" in done.stderr
    )
    assert scratch.counts() == {table: 2 * rows for table, rows in ONE_PAIR.items()}
    assert scratch.rows('select "midPointTai" from elasticc_diaforcedsource where "diaForcedSourceId" = 10100001') == [
        (60004.1,)
    ]


def test_a_new_object_of_a_refused_file_stays_out(scratch: Scratch, tmp_path: Path) -> None:
    write(tmp_path / "old", "a", make_head(), make_phot())
    assert scratch.loader("load", "snana", tmp_path / "old").returncode == 0
    write(tmp_path / "new", "a", with_value(make_head(101), "RA", 0, 7.0), make_phot())  # objects 101 and 102
    done = scratch.loader("load", "snana", tmp_path / "new")
    assert done.returncode == 1
    assert "row 1: elasticc_diaobject diaObjectId 101 is known with ra = 359.9, and the file says 7.0" in done.stderr
    assert scratch.counts() == ONE_PAIR


def test_truth_of_objects_that_are_not_loaded_is_refused(scratch: Scratch, tmp_path: Path) -> None:
    write_dump(write(tmp_path / "sim", "a", make_head(), make_phot()), [100, 777, 778])
    done = scratch.loader("load", "snana", tmp_path)
    assert done.returncode == 1
    assert (
        "a.DUMP, row 6: diaObjectId 777 is not in elasticc_diaobject: its own file was not loaded (2 such rows in this "
        "file)" in done.stderr
    )
    assert scratch.counts() == ONE_PAIR


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(TRUTH[:-1], "no column NOBS_SATURATE"), ([*TRUTH, "SPARKLE"], "unknown column SPARKLE")],
)
def test_a_dump_of_other_columns_is_refused(scratch: Scratch, tmp_path: Path, names: list[str], sentence: str) -> None:
    write_dump(write(tmp_path / "sim", "a", make_head(), make_phot()), [100], names=names)
    done = scratch.loader("load", "snana", tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert scratch.counts() == ONE_PAIR


def test_a_bad_line_of_a_dump_is_named(scratch: Scratch, tmp_path: Path) -> None:
    folder = write_dump(write(tmp_path / "sim", "a", make_head(), make_phot()), [100, 101])
    text = (folder / "a.DUMP").read_text()
    for broken, sentence in (
        (text.rsplit(" ", 3)[0] + "\n", "row 6: 32 values for 35 columns"),
        (text.replace("SN:  101 1 2", "SN:  101 x 2"), "row 6: LIBID is 'x'"),
        (text[:-4], "truncated"),
    ):
        (folder / "a.DUMP").write_text(broken)
        done = scratch.loader("load", "snana", tmp_path)
        assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr


def test_a_folder_without_files_is_refused(scratch: Scratch, tmp_path: Path) -> None:
    done = scratch.loader("load", "snana", tmp_path)
    assert done.returncode == 1
    assert "no SNANA files" in done.stderr


def test_the_real_files_hold_what_the_database_says(scratch: Scratch) -> None:
    if not REAL.is_dir():
        pytest.skip("../shared/data is missing: the real SNANA files can't be compared")
    done = scratch.loader("load", "snana", REAL)
    assert (done.returncode, done.stderr) == (0, "")
    assert scratch.counts() == {
        **NOTHING, "elasticc_diaobject": 346, "elasticc_diaforcedsource": 52_172, "elasticc_diasource": 1_862,
        "elasticc_diaalert": 1_862, "elasticc_diaobjecttruth": 346,
    }  # fmt: skip
    forced = by_object(scratch, FORCED_COLUMNS, "elasticc_diaforcedsource", "diaForcedSourceId")
    sources = by_object(scratch, [*FORCED_COLUMNS, "ra", "decl", "snr"], "elasticc_diasource", "diaSourceId")
    names = {"RA": "ra", "DEC": "decl", "MWEBV": "mwebv", "MWEBV_ERR": "mwebv_err", "REDSHIFT_FINAL": "z_final",
             "REDSHIFT_FINAL_ERR": "z_final_err"}  # fmt: skip
    names |= {f"{host}_{name}": f"{host.lower()}_{OURS.get(name) or kept_band(name)}" for host in HOSTS for name in HOST}
    objects = {
        row[0]: dict(zip(names, row[1:], strict=True))
        for row in scratch.rows(
            'select "diaObjectId", ' + ", ".join(f'"{ours}"' for ours in names.values()) + " from elasticc_diaobject"
        )
    }
    n_points = 0
    for head_file in sorted(REAL.glob("*/*_HEAD.FITS.gz")):
        heads, points = fits.getdata(head_file, 1), fits.getdata(str(head_file).replace("HEAD", "PHOT"), 1)
        for head in heads:
            number = int(head["SNID"])
            own = points[head["PTROBS_MIN"] - 1 : head["PTROBS_MAX"]]
            expected = [expected_point(number, k, one) for k, one in enumerate(own)]
            assert forced.pop(number) == expected
            seen = [(*row, float(head["RA"]), float(head["DEC"]), float(np.float32(row[4]) / np.float32(row[5])))
                    for row, one in zip(expected, own, strict=True) if one["PHOTFLAG"] & 4096]  # fmt: skip
            assert sources.pop(number, []) == seen
            there = heads.columns.names
            assert objects.pop(number) == {name: float(head[name]) if name in there else None for name in names}
            n_points += len(own)
    assert (n_points, forced, sources, objects) == (52_172, {}, {}, {})


FORCED_COLUMNS = ["diaObject_id", "midPointTai", "filterName", "psFlux", "psFluxErr"]
HOSTS = ("HOSTGAL", "HOSTGAL2")
OURS = {"PHOTOZ": "zphot", "PHOTOZ_ERR": "zphot_err", "SPECZ": "zspec", "SPECZ_ERR": "zspec_err"}


def kept_band(name: str) -> str:
    kind, _, band = name.rpartition("_")
    return f"{kind.lower()}_{band}" if kind in ("MAG", "MAGERR") else name.lower()


def by_object(scratch: Scratch, columns: list[str], table: str, key: str) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in scratch.rows(
        f'select "{key}", ' + ", ".join(f'"{name}"' for name in columns) + f' from {table} order by "{key}"'
    ):
        found.setdefault(row[1], []).append(row)
    return found


def expected_point(number: int, k: int, one: Any) -> tuple[Any, ...]:
    """Fluxes in float32, from zero point 27.5 to 31.4."""
    flux, error = (float(np.float32(one[name]) * np.float32(36.30780547701014)) for name in ("FLUXCAL", "FLUXCALERR"))
    return (number * 100_000 + k, number, float(one["MJD"]), one["BAND"].strip(), flux, error)
