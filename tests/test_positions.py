"""Positions as people write them, against astropy's reading; the home page's box and the sky page read alike."""

from inspect import getsource

import astropy.units as u
import datasette_sky.positions
import datasette_survey_home.positions
import pytest
from astropy.coordinates import Angle
from datasette_sky.positions import Position, Unreadable, position, radius_deg
from hypothesis import given
from hypothesis import strategies as st

HOURS, DEGREES = st.integers(0, 23), st.integers(0, 89)
SIXTIETHS = st.integers(0, 59)
SECONDS = st.decimals(0, "59.999", places=3)
STYLES = (
    "{h}h{m}m{s}s {sign}{d}d{dm}m{ds}s",
    "{h:02}:{m:02}:{s} {sign}{d:02}:{dm:02}:{ds}",
    "{h} {m} {s} {sign}{d} {dm} {ds}",
    "{h}h {m}m {s}s, {sign}{d}° {dm}' {ds}\"",
    "{h}h{m}m{s}s{sign}{d}d{dm}m{ds}s",
    "{h} h {m} m {s} s {sign} {d} d {dm} m {ds} s",
    "{h}h {m}m {s}s {sign}{d}d {dm}m {ds}s",
)
SIGNS = ("+", "-", "\u2212")


def test_the_box_reads_what_the_sky_page_reads() -> None:
    assert getsource(datasette_survey_home.positions) == getsource(datasette_sky.positions)


@given(HOURS, SIXTIETHS, SECONDS, st.sampled_from(SIGNS), DEGREES, SIXTIETHS, SECONDS, st.sampled_from(STYLES))
def test_sexagesimal_as_astropy_reads_it(h: int, m: int, s: object, sign: str, d: int, dm: int, ds: object, style: str) -> None:
    found = position(style.format(h=h, m=m, s=s, sign=sign, d=d, dm=dm, ds=ds))
    assert found.ra == pytest.approx(Angle(f"{h}h{m}m{s}s").to_value(u.deg), abs=1e-9)
    assert found.decl == pytest.approx(Angle(f"{'-' if sign != '+' else '+'}{d}d{dm}m{ds}s").to_value(u.deg), abs=1e-9)


@given(st.floats(0, 359.99), st.floats(-90, 90), st.sampled_from(["{} {}", "{}, {}", "{},{}", "{}  {}", "{}d {}d", "{}°, {}°"]))
def test_degrees(ra: float, decl: float, style: str) -> None:
    found = position(style.format(f"{ra:.7f}", f"{decl:.7f}"))
    assert (found.ra, found.decl) == (pytest.approx(ra, abs=1e-7), pytest.approx(decl, abs=1e-7))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h30m0s +12d30m0s", Position(187.5, 12.5)),
        ("0h0m0s -0d30m", Position(0.0, -0.5)),
        ("12h30m +12d15m", Position(187.5, 12.25)),
        ("0h -30d", Position(0.0, -30.0)),
        ("1.5h -30", Position(22.5, -30.0)),
        ("12h 30d", Position(180.0, 30.0)),
        ("12d30m -1d30m", Position(12.5, -1.5)),
        ("12.5-30", Position(12.5, -30.0)),
        ("1e1 -3e1", Position(10.0, -30.0)),
        ("12 30 -1 30", Position(187.5, -1.5)),
        ("360 0", Position(0.0, 0.0)),
        ("187.7d -12.4d", Position(187.7, -12.4)),
    ],
)
def test_examples(text: str, expected: object) -> None:
    assert position(text) == expected


@given(st.text(max_size=40))
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    try:
        assert isinstance(position(text), Position)
    except Unreadable as error:
        assert str(error).endswith(".")


def test_radii() -> None:
    assert radius_deg("90", "arcmin") == 1.5
    assert radius_deg("1", "arcsec") == pytest.approx(1 / 3600)
    for wrong in ("", "x", "0", "-1", "nan", "inf", "181"):
        with pytest.raises(Unreadable):
            radius_deg(wrong, "deg")
    with pytest.raises(Unreadable):
        radius_deg("1", "parsec")
