"""A synthetic sample of our own: light curves, host galaxies, truth and broker classifications, the same for a seed.

Made in groups of fixed size from random numbers of their own, so that memory is constant, and the first objects of a
larger sample are those of a smaller one. Every id lies from 10^12 on, where the loader lets no file's id be.
The models are simple on purpose (one rise, one fall, a colour); they are to look at and to query, not to train on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.demo_brokers import classification_rows, classifier_rows
from loader.ingest.demo_classes import CLASSES, light_curve
from loader.ingest.rows import Column, Rows
from loader.ingest.snana import FIRST_DEMO_OBJECT, POINTS_PER_OBJECT, QUANTILES
from loader.ingest.values import BANDS

MOST_OBJECTS = 10_000_000  # a seed's share of the ids
MOST_SEED = 9_999  # keeps 50 classifications an alert within bigint
GROUP = 500  # objects made at once: about 80,000 photometry points, 60 MB
FIRST_MJD = 60_300.0
SEASONS = 3
SEASON_DAYS = 220.0
YEAR_DAYS = 365.25
VISITS_PER_SEASON = 60
ZERO_POINT = 31.4  # nJy
DETECTION_SIGMA = 5.0
NONE_MAG = 99.0  # SNANA's mark for a magnitude of no flux
TAI_MINUS_UTC_S = 37.0
UNIX_EPOCH_MJD = 40_587.0
PROCESSING_S = 60.0  # from the exposure to the alert

# Survey: the share of visits and the 5 sigma depth of a visit, ugrizY.
VISIT_SHARE = np.array([0.07, 0.10, 0.22, 0.22, 0.19, 0.20])
DEPTH_MAG = np.array([23.8, 24.8, 24.4, 23.9, 23.3, 22.4])
EXTINCTION = np.array([4.1, 3.3, 2.3, 1.7, 1.3, 1.1])  # magnitudes for an E(B-V) of 1
HOST_COLOUR = np.array([1.9, 0.8, 0.0, -0.3, -0.5, -0.6])  # mag minus r
NORMAL_QUANTILES = np.array([-2.6, -1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816, 2.6])

Array = NDArray[Any]


@dataclass(frozen=True)
class Group:
    """Objects of one group and all their photometry points; `owner` is each point's object."""

    ids: NDArray[np.int64]
    kind: NDArray[np.int64]
    gentype: NDArray[np.int64]
    ra: Array
    decl: Array
    mwebv: Array
    redshift: Array
    peak_mjd: Array
    peak_flux: Array  # by object and band
    owner: NDArray[np.int64]
    k: NDArray[np.int64]
    mjd: Array
    band: NDArray[np.int64]
    true_flux: Array
    flux: Array
    flux_err: Array

    @property
    def snr(self) -> Array:
        return self.flux / self.flux_err

    @property
    def is_detected(self) -> NDArray[np.bool_]:
        return self.snr > DETECTION_SIGMA

    @property
    def point_ids(self) -> NDArray[np.int64]:
        return self.ids[self.owner] * POINTS_PER_OBJECT + self.k


def batches(*, n_objects: int, seed: int) -> Iterator[list[Rows]]:
    """The sample, a group of objects at a time, each in the order of its foreign keys; the classifiers come first."""
    yield [classifier_rows()]
    for start in range(0, n_objects, GROUP):
        yield _rows(seed, start, n_wanted=min(GROUP, n_objects - start))


def count_batches(n_objects: int) -> int:
    return 1 + -(-n_objects // GROUP)


def _rows(seed: int, start: int, *, n_wanted: int) -> list[Rows]:
    """A group is always made whole, then cut: an object must not depend on how many were asked for."""
    random = np.random.default_rng([seed, start])
    group = _make(random, FIRST_DEMO_OBJECT + seed * MOST_OBJECTS + start)
    objects, truths = _objects(random, group), _object_truths(random, group)
    detected = np.flatnonzero(group.is_detected)
    sent_us = _unix_us(group.mjd[detected])
    brokers = classification_rows(
        random,
        alert_ids=group.point_ids[detected],
        object_ids=group.ids[group.owner[detected]],
        kind=group.kind[group.owner[detected]],
        sent_us=sent_us,
    )
    last = group.ids[n_wanted - 1]
    rows = [objects, truths, *_photometry(group, detected, sent_us), *brokers]
    return [_cut(one, owner, last) for one, owner in rows]


def _cut(rows: Rows, owner: NDArray[np.int64], last: np.int64) -> Rows:
    keep = owner <= last
    return rows if keep.all() else Rows(rows.table, {name: col[keep] for name, col in rows.columns.items()})


def _make(random: np.random.Generator, first_id: int) -> Group:
    kind = random.choice(len(CLASSES), size=GROUP, p=np.array([one.share for one in CLASSES]))
    gentype = np.array([random.choice(CLASSES[one].gentypes) for one in kind], dtype=np.int64)
    ra = random.uniform(0.0, 360.0, GROUP)
    decl = np.degrees(np.arcsin(random.uniform(np.sin(np.radians(-70.0)), np.sin(np.radians(12.0)), GROUP)))
    mwebv = random.exponential(0.06, GROUP)
    is_galactic = np.array([one.is_galactic for one in CLASSES])[kind]
    most_redshift = np.array([one.most_redshift for one in CLASSES])[kind]
    redshift = np.where(is_galactic, 0.0, 0.01 + most_redshift * random.power(2.5, GROUP))
    owner, k, mjd, band = _visits(random, ra)
    # A transient that peaks between seasons is never seen: peak near one of the object's own visits.
    starts = np.searchsorted(owner, np.arange(GROUP))
    visit = starts + (random.uniform(0.1, 0.9, GROUP) * np.bincount(owner, minlength=GROUP)).astype(np.int64)
    peak_mjd = mjd[visit] + random.normal(0.0, 0.01, GROUP)
    peak_mag = 17.0 + 6.2 * random.power(3.0, GROUP)
    shape, at_peak = light_curve(random, kind, redshift, owner, mjd - peak_mjd[owner], band)
    full_flux = 10 ** ((ZERO_POINT - peak_mag[:, None] - mwebv[:, None] * EXTINCTION) / 2.5)
    true_flux = shape * full_flux[owner, band]
    depth = DEPTH_MAG[band] + random.normal(0.0, 0.25, len(owner))
    sky = 10 ** ((ZERO_POINT - depth) / 2.5) / DETECTION_SIGMA
    flux_err = np.sqrt(sky**2 + (0.005 * true_flux) ** 2 + 30.0 * true_flux)
    flux = true_flux + flux_err * random.standard_normal(len(owner))
    return Group(
        first_id + np.arange(GROUP), kind, gentype, _round(ra), _round(decl), _round(mwebv), _round(redshift),
        _round(peak_mjd), at_peak * full_flux, owner, k, mjd, band, true_flux, _round(flux), _round(flux_err),
    )  # fmt: skip


def _visits(random: np.random.Generator, ra: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, Array]:
    """Owner, number within the owner, MJD (in order) and band of every visit; a season is when `ra` is up at night."""
    n_visits = random.integers(SEASONS * VISITS_PER_SEASON // 2, SEASONS * VISITS_PER_SEASON + 1, GROUP)
    owner = np.repeat(np.arange(GROUP), n_visits)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(n_visits) - n_visits, n_visits)
    season = random.integers(0, SEASONS, len(owner))
    night = np.floor((ra[owner] / 360.0 + season) * YEAR_DAYS + random.uniform(0.0, SEASON_DAYS, len(owner)))
    mjd = np.round(FIRST_MJD + night + random.uniform(0.0, 0.4, len(owner)), 4)
    order = np.lexsort((mjd, owner))
    band = random.choice(len(BANDS), size=len(owner), p=VISIT_SHARE)
    return owner, k, mjd[order], band


def _photometry(group: Group, detected: NDArray[np.int64], sent_us: NDArray[np.int64]) -> list[tuple[Rows, NDArray[np.int64]]]:
    ids, owners = group.point_ids, group.ids[group.owner]
    shared: dict[str, Column] = {
        "diaObject_id": owners,
        "midPointTai": group.mjd,
        "filterName": np.array(BANDS)[group.band],
        "psFlux": group.flux,
        "psFluxErr": group.flux_err,
    }
    source: dict[str, Column] = {
        "diaSourceId": ids[detected],
        **{name: values[detected] for name, values in shared.items()},
        "ra": group.ra[group.owner[detected]],
        "decl": group.decl[group.owner[detected]],
        "snr": group.snr[detected],
    }
    alert: dict[str, Column] = {
        "alertId": ids[detected],
        "diaSource_id": ids[detected],
        "diaObject_id": owners[detected],
        "alertSentTimestamp": sent_us,
    }
    truth: dict[str, Column] = {
        "diaSourceId": ids,
        "diaObjectId": owners,
        "mjd": group.mjd,
        "detect": group.is_detected,
        "true_gentype": group.gentype[group.owner],
        "true_genmag": _magnitude(group.true_flux),
    }
    return [
        (Rows("elasticc_diaforcedsource", {"diaForcedSourceId": ids, **shared}), owners),
        (Rows("elasticc_diasource", source), owners[detected]),
        (Rows("elasticc_diaalert", alert), owners[detected]),
        (Rows("elasticc_diatruth", truth), owners),
    ]


def _objects(random: np.random.Generator, group: Group) -> tuple[Rows, NDArray[np.int64]]:
    has_host = group.redshift > 0
    photo_err = 0.03 * (1 + group.redshift) * random.uniform(0.7, 2.0, GROUP)
    photo = np.maximum(group.redshift + photo_err * random.standard_normal(GROUP), 0.01)
    has_spectrum = has_host & (random.random(GROUP) < 0.15)
    final = np.where(has_spectrum, group.redshift, photo)
    columns: dict[str, Column] = {
        "diaObjectId": group.ids,
        "simVersion": np.full(GROUP, "demo"),
        "ra": group.ra,
        "decl": group.decl,
        "mwebv": group.mwebv,
        "mwebv_err": _round(0.05 * group.mwebv),
        "z_final": _round(np.where(has_host, final, 0.0)),
        "z_final_err": _round(np.where(has_spectrum, 0.001, np.where(has_host, photo_err, 0.001))),
        **_host(random, group, "hostgal", has_host, photo, photo_err, has_spectrum),
        **_host(random, group, "hostgal2", has_host & (random.random(GROUP) < 0.3), photo, photo_err, has_spectrum),
    }
    return Rows("elasticc_diaobject", columns), group.ids


def _host(
    random: np.random.Generator,
    group: Group,
    host: str,
    has_host: NDArray[np.bool_],
    photo: Array,
    photo_err: Array,
    has_spectrum: NDArray[np.bool_],
) -> Mapping[str, Column]:
    """A host galaxy's columns, SNANA's marks where there is none. A second host lies farther away, at a redshift near."""

    def marked(values: Array, mark: float, *, only: NDArray[np.bool_] = has_host) -> Array:
        return _round(np.where(only, values, mark))

    separation = random.rayleigh(1.0 if host == "hostgal" else 3.0, GROUP)
    angle = random.uniform(0.0, 2 * np.pi, GROUP)
    r_mag = np.clip(19.0 + 5 * np.log10(np.maximum(group.redshift, 0.01) / 0.1) + random.normal(0, 1.2, GROUP), 14, 28)
    with_spectrum = has_host & has_spectrum
    columns: dict[str, Column] = {
        "ellipticity": marked(random.beta(2, 4, GROUP), -9999.0),
        "sqradius": marked(random.lognormal(1.2, 0.6, GROUP), -9999.0),
        "zspec": marked(group.redshift, -9.0, only=with_spectrum),
        "zspec_err": marked(np.full(GROUP, 0.001), -9.0, only=with_spectrum),
        "zphot": marked(photo, -9.0),
        "zphot_err": marked(photo_err, -9.0),
        "ra": marked((group.ra + separation * np.sin(angle) / 3600 / np.cos(np.radians(group.decl))) % 360, -999.0),
        "dec": marked(group.decl + separation * np.cos(angle) / 3600, -999.0),
        "snsep": marked(separation, -9.0),
    }
    for name, quantile in zip(QUANTILES, NORMAL_QUANTILES, strict=True):
        columns[name.lower()] = marked(np.maximum(photo + quantile * photo_err, 0.001), -9.0)
    for at, band in enumerate(BANDS):
        magnitude = r_mag + HOST_COLOUR[at] + random.normal(0, 0.15, GROUP)
        columns[f"mag_{band}"] = marked(magnitude, 999.0)
        columns[f"magerr_{band}"] = marked(0.015 + 10 ** (0.4 * (magnitude - 29.0)), 999.0)
    return {f"{host}_{name}": values for name, values in columns.items()}


def _object_truths(random: np.random.Generator, group: Group) -> tuple[Rows, NDArray[np.int64]]:
    has_host = group.redshift > 0
    z = group.redshift
    distance_mpc = 4283 * z * (1 + 0.5 * (1 + 0.55) * z)  # luminosity distance, to second order in z: good enough to plot
    columns: dict[str, Column] = {
        "diaObjectId": group.ids,
        "libid": random.integers(1, 50_000, GROUP),
        "sim_searcheff_mask": random.choice([1, 3, 5], GROUP),
        "gentype": group.gentype,
        "sim_template_index": random.integers(1, 400, GROUP),
        "zcmb": z,
        "zhelio": _round(np.where(has_host, z + random.normal(0, 0.0008, GROUP), 0.0)),
        "zcmb_smear": _round(np.where(has_host, z + random.normal(0, 0.001, GROUP), -9.0)),
        "ra": group.ra,
        "dec": group.decl,
        "mwebv": group.mwebv,
        "galid": np.where(has_host, FIRST_DEMO_OBJECT + group.ids % MOST_OBJECTS, -9),
        "galzphot": _round(np.where(has_host, z + 0.04 * random.standard_normal(GROUP), -9.0)),
        "galzphoterr": _round(np.where(has_host, 0.04 * (1 + z), -9.0)),
        "galsnsep": _round(np.where(has_host, random.rayleigh(1.0, GROUP), 0.0)),
        "galsnddlr": _round(np.where(has_host, random.rayleigh(0.8, GROUP), 0.0)),
        "rv": np.where(has_host, 3.1, -9.0),
        "av": _round(np.where(has_host, random.exponential(0.2, GROUP), -9.0)),
        "mu": _round(np.where(has_host, 25 + 5 * np.log10(np.maximum(distance_mpc, 1e-3)), 0.0)),
        "lensdmu": _round(np.where(has_host, random.normal(0, 0.002, GROUP), 0.0)),
        "peakmjd": group.peak_mjd,
        **_light_curve_truths(group),
    }
    return Rows("elasticc_diaobjecttruth", columns), group.ids


def _light_curve_truths(group: Group) -> Mapping[str, Column]:
    """What the light curves themselves say: first and last detection, the three best SNRs; and the models': peaks."""
    detected = group.is_detected
    first, last = np.full(GROUP, np.inf), np.full(GROUP, -np.inf)
    np.minimum.at(first, group.owner[detected], group.mjd[detected])
    np.maximum.at(last, group.owner[detected], group.mjd[detected])
    never = ~np.isfinite(first)
    columns: dict[str, Column] = {
        "mjd_detect_first": np.where(never, -9.0, first),
        "mjd_detect_last": np.where(never, -9.0, last),
        "dtseason_peak": _round(group.peak_mjd - FIRST_MJD - group.ra / 360.0 * YEAR_DAYS),
        **{f"peakmag_{band}": _magnitude(group.peak_flux[:, at]) for at, band in enumerate(BANDS)},
    }
    n_points = np.bincount(group.owner, minlength=GROUP)
    by_snr = group.snr[np.lexsort((group.snr, group.owner))]  # each object's points, the best last
    end = np.cumsum(n_points)
    columns |= {"snrmax": by_snr[end - 1], "snrmax2": by_snr[end - 2], "snrmax3": by_snr[end - 3]}
    return columns | {"nobs": n_points, "nobs_saturate": np.zeros(GROUP, dtype=np.int64)}


def _magnitude(flux: Array) -> Array:
    """AB magnitude of a flux in nJy; 99 where there is next to none."""
    is_seen = flux > 1e-3
    return _round(np.where(is_seen, ZERO_POINT - 2.5 * np.log10(np.where(is_seen, flux, 1.0)), NONE_MAG))


def _unix_us(mjd_tai: Array) -> NDArray[np.int64]:
    """UTC microseconds of Unix when the alert of an exposure at this MJD (TAI) is sent."""
    seconds = (mjd_tai - UNIX_EPOCH_MJD) * 86_400.0 - TAI_MINUS_UTC_S + PROCESSING_S
    return np.round(seconds * 1000).astype(np.int64) * 1000


def _round(values: Array) -> Array:
    """Six decimals: what a person wants to see, and the same bytes wherever the last bit of an exp() differs."""
    return np.round(values, 6)
