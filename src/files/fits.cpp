// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <chrono>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/sky/velocity.hpp"
#include "files/fits_writer.hpp"
#include "files/frame_names.hpp"
#include "files/software.hpp"

namespace astro::files {
namespace {

/// Geocentric place of a site in metres, from the definition of WGS 84 (NIMA TR8350.2, equations 4-14).
std::array<double, 3> geocentric_m(const Location& site) noexcept {
  constexpr double equatorial_radius_m = 6378137.0;
  constexpr double flattening = 1.0 / 298.257223563;
  constexpr double eccentricity_squared = flattening * (2.0 - flattening);
  const double sine = std::sin(site.latitude.radians());
  const double cosine = std::cos(site.latitude.radians());
  const double normal_m = equatorial_radius_m / std::sqrt(1.0 - eccentricity_squared * sine * sine);
  const double across_m = (normal_m + site.height_m) * cosine;
  return {across_m * std::cos(site.longitude.radians()), across_m * std::sin(site.longitude.radians()),
          (normal_m * (1.0 - eccentricity_squared) + site.height_m) * sine};
}

void write_axis(FitsWriter& fits, const CalibratedSpectrum& spectrum) {
  fits.key("CTYPE1", std::string("FREQ"), "frequency");
  fits.key("CUNIT1", std::string("Hz"), "");
  fits.key("CRPIX1", 1.0, "the first channel");
  fits.key("CRVAL1", spectrum.axis.first.hertz(), "[Hz] centre of the first channel");
  fits.key("CDELT1", spectrum.axis.step.hertz(), "[Hz] from one channel to the next");
  fits.key("SPECSYS", std::string("TOPOCENT"), "frequencies are as at the telescope");
  fits.key("SSYSOBS", std::string("TOPOCENT"), "and so they are all over the spectrum");
  fits.key("RESTFRQ", spectrum.rest.hertz(), "[Hz] rest frequency of the line");
}

void write_times(FitsWriter& fits, const CalibratedSpectrum& spectrum) {
  fits.key("TIMESYS", std::string("UTC"), "");
  fits.key("DATE-OBS", fits_time(spectrum.start), "start");
  fits.key("DATE-AVG", fits_time(spectrum.mid), "middle of what was integrated");
  fits.key("DATE-END", fits_time(spectrum.start + spectrum.duration), "end");
  fits.key("MJD-OBS", mjd(spectrum.start), "[d] start");
  fits.key("MJD-AVG", mjd(spectrum.mid), "[d] middle of what was integrated");
  fits.key("EXPOSURE", seconds(spectrum.exposure), "[s] integrated");
  fits.key("TELAPSE", seconds(spectrum.duration), "[s] from start to end");
}

void write_place(FitsWriter& fits, const CalibratedSpectrum& spectrum) {
  const Pointing& pointing = spectrum.pointing;
  if (!pointing.known) return;
  fits.key("RADESYS", std::string("ICRS"), "");
  fits.key("RA", pointing.direction.ra.wrapped().degrees(), "[deg] of the beam at DATE-AVG");
  fits.key("DEC", pointing.direction.dec.degrees(), "[deg] of the beam at DATE-AVG");
  fits.key("AZIMUTH", pointing.place.azimuth.wrapped().degrees(), "[deg] from north through east");
  fits.key("ELEVATIO", pointing.place.altitude.degrees(), "[deg] without refraction");
  const auto place = geocentric_m(pointing.site);
  fits.key("OBSGEO-X", place[0], "[m] site, geocentric");
  fits.key("OBSGEO-Y", place[1], "[m]");
  fits.key("OBSGEO-Z", place[2], "[m]");
}

/// The same channels as velocities in the spectrum's frame: the radio definition is linear in frequency.
void write_velocity_axis(FitsWriter& fits, const CalibratedSpectrum& spectrum) {
  const sky::VelocityFrame frame = spectrum.velocity_frame;
  if (!spectrum.pointing.known && frame != sky::VelocityFrame::topo) return;
  const std::string name(specsys_of(frame));
  const double first_km_s = spectrum.velocity_km_s(0.0);
  const double topocentric_km_s = sky::radio_velocity_km_s(spectrum.axis.first, spectrum.rest);
  fits.key("VELOSYS", 1e3 * (first_km_s - topocentric_km_s),
           ("[m/s] adds to a velocity here for that in " + name).c_str());
  fits.key("WCSNAMEV", std::string("radio velocity"), "");
  fits.key("CTYPE1V", std::string("VRAD"), "radio velocity of the line");
  fits.key("CUNIT1V", std::string("m/s"), "");
  fits.key("CRPIX1V", 1.0, "the first channel");
  fits.key("CRVAL1V", 1e3 * first_km_s, "[m/s] of the first channel");
  fits.key("CDELT1V", 1e3 * sky::radio_velocity_km_s(spectrum.rest + spectrum.axis.step, spectrum.rest),
           "[m/s] from one channel to the next");
  fits.key("SPECSYSV", name, "frame of these velocities");
  fits.key("SSYSOBSV", std::string("TOPOCENT"), "");
  fits.key("RESTFRQV", spectrum.rest.hertz(), "[Hz] rest frequency of the line");
}

void write_receiver(FitsWriter& fits, const CalibratedSpectrum& spectrum) {
  fits.key("TSYS", spectrum.tsys_k, "[K] system temperature");
  fits.key("TRX", spectrum.receiver_k, "[K] receiver temperature");
  fits.key("FRONTEND", spectrum.receiver, "receiver");
  fits.key("NSAMPLE", static_cast<long long>(spectrum.samples), "items integrated");
  fits.key("NLOST", static_cast<long long>(spectrum.samples_lost), "items lost");
}

void write_extension(FitsWriter& fits, const CalibratedSpectrum& spectrum, std::span<const float> pixels,
                     const char* name, const std::string& unit) {
  fits.add_image(pixels);
  fits.key("EXTNAME", std::string(name), "");
  fits.key("BUNIT", unit, "");
  write_axis(fits, spectrum);
}

}  // namespace

void write_fits(const std::filesystem::path& path, const CalibratedSpectrum& spectrum, const Provenance& provenance) {
  check_whole(spectrum);
  FitsWriter fits;
  fits.add_image(spectrum.temperature_k);
  fits.key("BUNIT", std::string("K"), "antenna temperature");
  fits.key("BTYPE", std::string("antenna temperature"), "");
  write_axis(fits, spectrum);
  write_times(fits, spectrum);
  write_place(fits, spectrum);
  write_velocity_axis(fits, spectrum);
  write_receiver(fits, spectrum);
  write_provenance(fits, provenance);
  write_extension(fits, spectrum, spectrum.sigma_k, "SIGMA", "K");
  write_extension(fits, spectrum, spectrum.weight, "WEIGHT", "");
  write_whole(path, fits.finish());
}

}  // namespace astro::files
