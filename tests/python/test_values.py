# SPDX-License-Identifier: BSD-3-Clause
import copy
import datetime
import pickle

import numpy as np
import pytest
from astropy import units

import astro
from astro import degrees, hertz, hours, megahertz, radians

UTC = datetime.timezone.utc


def test_what_is_no_number_is_no_angle():
    for wrong in ("x", None, [1.0]):
        with pytest.raises(astro.Error, match="expected a number or an array of numbers"):
            astro.degrees(wrong)


def test_angles_are_made_and_read_by_unit():
    assert degrees(180).radians == pytest.approx(np.pi, rel=1e-15)
    assert hours(6).degrees == pytest.approx(90, rel=1e-15)
    assert radians(0.25).radians == 0.25
    assert astro.Angle("41d16m09s").degrees == pytest.approx(41 + 16 / 60 + 9 / 3600, rel=1e-14)


def test_angles_are_never_normalised_by_themselves():
    assert degrees(450).degrees == pytest.approx(450)
    assert degrees(450).wrapped().degrees == pytest.approx(90)
    assert degrees(270).wrapped_signed().degrees == pytest.approx(-90)


def test_angles_calculate_and_compare():
    assert (degrees(10) + degrees(5)).degrees == pytest.approx(15)
    assert (2 * degrees(10) - degrees(5) / 2).degrees == pytest.approx(17.5)
    assert degrees(90) / degrees(45) == pytest.approx(2)
    assert degrees(1) < degrees(2) and abs(degrees(-3)) == degrees(3)
    assert degrees(1) != degrees(2) and len({degrees(1), degrees(1)}) == 1


def test_a_bare_number_is_no_angle():
    with pytest.raises(TypeError, match="needs its unit"):
        astro.Galactic(l=120, b=0)
    with pytest.raises(TypeError, match="needs its unit"):
        astro.Frequency(1420.4)
    with pytest.raises(astro.Error) as caught:
        astro.Angle("12")
    assert caught.value.code == "invalid_argument"


def test_an_array_of_angles_is_an_array_of_radians():
    turned = degrees(np.array([0.0, 90.0, 180.0]))
    assert turned.dtype == np.float64
    np.testing.assert_allclose(turned, [0, np.pi / 2, np.pi], rtol=1e-15)


def test_frequencies_are_made_and_read_by_unit():
    assert megahertz(1420.4).hertz == pytest.approx(1420.4e6)
    assert astro.Frequency("1420.4 MHz").megahertz == pytest.approx(1420.4)
    assert astro.hydrogen_line == hertz(1420405751.768)


def test_times_come_from_text_datetime_and_numpy():
    expected = astro.Time("2021-02-10T07:57:41.5Z")
    assert astro.Time(datetime.datetime(2021, 2, 10, 7, 57, 41, 500000, tzinfo=UTC)) == expected
    east = datetime.timezone(datetime.timedelta(hours=1))
    assert astro.Time(datetime.datetime(2021, 2, 10, 8, 57, 41, 500000, tzinfo=east)) == expected
    assert astro.Time(np.datetime64("2021-02-10T07:57:41.500")) == expected
    assert expected.isoformat() == "2021-02-10T07:57:41.500Z"
    assert expected.datetime == datetime.datetime(2021, 2, 10, 7, 57, 41, 500000, tzinfo=UTC)
    assert expected.to_numpy() == np.datetime64("2021-02-10T07:57:41.500")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(TypeError, match="time zone"):
        astro.Time(datetime.datetime(2021, 2, 10))
    with pytest.raises(astro.Error, match="NaT"):
        astro.Time(np.datetime64("NaT"))


def test_times_and_seconds_calculate():
    start = astro.Time("2021-02-10T00:00:00")
    assert start + 1.5 - start == 1.5
    assert (start + 86400).mjd == pytest.approx(start.mjd + 1, abs=1e-9)
    assert start - 60 < start and start == astro.Time.from_mjd(59255.0)
    assert (start + datetime.timedelta(milliseconds=1)).nanoseconds == start.nanoseconds + 10**6


def test_values_are_copied_and_pickled():
    for value in (degrees(12.5), megahertz(7), astro.Time("2021-02-10")):
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value)


def test_astropy_values_are_taken_and_given():
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    assert astro.Angle(30 * units.arcmin).degrees == pytest.approx(0.5)
    assert astro.Frequency(1.42 * units.GHz).megahertz == pytest.approx(1420)
    assert degrees(10).to_astropy().to_value("deg") == pytest.approx(10)

    time = astro.Time("2021-02-10T07:57:41.123456789Z")
    assert astro.Time(time.to_astropy()) == time  # to the nanosecond
    assert astro.Time(Time("2021-02-10T07:57:41.123456789", scale="utc")) == time
    assert astro.Time(Time("2021-02-10T07:58:18.123456789", scale="tai")) == time

    m31 = SkyCoord(10.684 * units.deg, 41.269 * units.deg, frame="icrs")
    assert astro.Icrs(m31).dec.degrees == pytest.approx(41.269)
    # astropy turns by way of FK5, which is up to 25 mas off the ICRS (Mignard and Froeschle 2000, A&A 354, 732).
    assert astro.sky.galactic(m31).l.degrees == pytest.approx(m31.galactic.l.deg, abs=0.05 / 3600)
    back = astro.Galactic(l=degrees(120), b=degrees(-5)).to_astropy()
    assert (back.l.deg, back.b.deg) == pytest.approx((120, -5))

    site = EarthLocation.from_geodetic(-16.5 * units.deg, 28.3 * units.deg, 2390 * units.m)
    place = astro.Location(site)
    assert (place.latitude.degrees, place.height_m) == pytest.approx((28.3, 2390))
    altaz = astro.sky.altaz(m31, site, Time("2021-02-10T07:57:41"))
    assert altaz == astro.sky.altaz(astro.Icrs(m31), place, "2021-02-10T07:57:41")


def test_targets_are_values_or_text():
    place = astro.Location(degrees(38.433), degrees(-79.84), 800)
    time = "2021-02-10T07:57:41"
    by_text = astro.sky.altaz("icrs 10.684 41.269", place, time)
    assert by_text == astro.sky.altaz(astro.Icrs(ra=degrees(10.684), dec=degrees(41.269)), place, time)
    assert astro.sky.altaz(astro.Body.sun, place, time) == astro.sky.altaz("sun", place, time)
    assert astro.parse_target("galactic 120 0") == astro.Galactic(degrees(120), degrees(0))


def test_enumerations_are_texts_too():
    assert astro.Window.hann == "hann" and str(astro.Window.hann) == "hann"
    assert astro.Spectrometer(window="blackman").window is astro.Window.blackman
    with pytest.raises(astro.Error, match="did you mean hamming"):
        astro.Spectrometer(window="haming")


def test_errors_carry_their_code():
    with pytest.raises(astro.Error) as caught:
        astro.parse_target("nowhere")
    assert caught.value.code is astro.ErrorCode.invalid_argument
    assert not caught.value.is_worth_retrying
    again = pickle.loads(pickle.dumps(astro.Error("busy", "later")))
    assert (again.code, str(again), again.is_worth_retrying) == ("busy", "later", True)


def test_records_are_made_of_their_description():
    request = astro.ObservationRequest(target=astro.Galactic(degrees(120), degrees(0)), integration_time_s=20, channels=512)
    assert request.target == "galactic 120 0"
    assert request.integration_time_s == 20.0 and request.window is astro.Window.hann
    assert request.center_frequency == astro.hydrogen_line and request.rest_frequency == astro.hydrogen_line
    for field in astro.schema("request").fields:
        assert hasattr(request, field.attribute)
        assert getattr(type(request), field.attribute).__doc__.startswith(field.says)
    request.channels = 1024
    assert "channels=1024" in repr(request) and request.to_dict()["channels"] == 1024
    assert request == astro.ObservationRequest(**request.to_dict())


def test_records_check_what_they_are_given():
    with pytest.raises(TypeError, match="did you mean 'channels'"):
        astro.ObservationRequest(target="sun", chanels=3)
    with pytest.raises(astro.Error, match="channels"):
        astro.ObservationRequest(target="sun", channels=1)
    request = astro.ObservationRequest(target="sun")
    with pytest.raises(astro.Error):
        request.window = "triangle"
    with pytest.raises(TypeError, match="needs its unit"):
        request.center_frequency = 1420.4


def test_a_part_of_a_record_is_set_in_the_whole():
    request = astro.ObservationRequest(target="sun")
    request.scan.width = astro.degrees(7)
    assert request.scan.width == astro.degrees(7) and request.scan.height == astro.degrees(2)
    observation = astro.Observation(request=request)
    observation.request.scan.height = astro.degrees(9)
    assert observation.request.scan.height == astro.degrees(9), "at any depth"
    assert request.scan.height == astro.degrees(2), "what was given was copied"
    copied = copy.copy(request.scan)
    copied.width = astro.degrees(5)
    assert request.scan.width == astro.degrees(7), "a copy is nobody's part"


def test_what_is_changed_in_a_list_or_map_of_a_record_is_set_in_it():
    observation = astro.Observation(request=astro.ObservationRequest(target="sun"))
    observation.request.files.append("fits")
    observation.request.files += ["csv"]
    assert observation.request.files == [astro.ProductFile.fits, astro.ProductFile.csv]
    files = observation.request.files
    with pytest.raises(astro.Error):
        files.append("pdf")
    assert files == observation.request.files == [astro.ProductFile.fits, astro.ProductFile.csv]
    del files[0]
    assert observation.request.files == [astro.ProductFile.csv] and files.pop() == astro.ProductFile.csv
    assert observation.request.files == []
    copied = copy.copy(files)
    copied.append(1)
    assert type(copied) is list and observation.request.files == [], "a copy is nobody's part"
    tuning = astro.Tuning(options={"lna": 16})
    tuning.options["vga"] = 20
    tuning.options |= {"amp": 0}
    assert tuning.options.pop("lna") == 16 and tuning.options == {"vga": 20, "amp": 0}


def test_records_refuse_attributes_that_they_do_not_have():
    request = astro.ObservationRequest(target="sun")
    with pytest.raises(AttributeError, match="did you mean 'integration_time_s'"):
        request.integration_tme_s = 5
    with pytest.raises(AttributeError, match="did you mean 'width'"):
        request.scan.widht = astro.degrees(5)


def test_records_become_a_structured_array():
    points = [
        astro.Point(id=f"dish.{i}", device="dish", value=float(i), unit="K", time=astro.Time("2021-02-10") + i, quality="good")
        for i in range(3)
    ]
    table = astro.as_array(points)
    assert list(table["id"]) == ["dish.0", "dish.1", "dish.2"]
    assert table["time"].dtype == "datetime64[ns]" and np.diff(table["time"])[0] == np.timedelta64(1, "s")


def test_hydrogen_velocity_and_frequency_are_inverse():
    velocity = astro.sky.radio_velocity_km_s(megahertz(1420.0))
    assert astro.sky.radio_frequency(velocity).hertz == pytest.approx(1420.0e6, abs=1e-3)
