// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/export.hpp"

#include <algorithm>
#include <cmath>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/json.hpp"
#include "astro/signal/gridding.hpp"
#include "observing/devices.hpp"
#include "observing/modes.hpp"
#include "observing/reduction.hpp"
#include "text.hpp"

namespace astro {

namespace fs = std::filesystem;

files::Provenance provenance_of(const Observation& observation) {
  const ObservationRequest& request = observation.request;
  Value calibration;
  if (request.calibration == CalibrationKind::loads)
    calibration.set("hot_k", observation.hot_k).set("cold_k", observation.cold_k);
  if (request.calibration == CalibrationKind::noise_diode) calibration.set("noise_diode_k", observation.noise_diode_k);
  return {.object = name_of(request),
          .observer = request.observer,
          .telescope = observation.site,
          .instrument = request.receiver,
          .observation_id = observation.id,
          .software = observation.software,
          .settings = to_json(request),
          .calibration = to_json(calibration)};
}

namespace {

[[noreturn]] void refuse_export(const std::string& id, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "exporting observation '" + id + "': " + why);
}

/// As FITS has it: without the zone, which is that of TIMESYS.
std::string fits_time(Time time) {
  std::string text = format_time(time);
  text.pop_back();
  return text;
}

using detail::covers_an_area;
using detail::visits_places;

/// An observation as its store has it, and the files that are made of it.
class Exporter {
 public:
  Exporter(const StoreHandle& store, const std::string& id, const Site& site)
      : store_(store),
        site_(site),
        result_(reduce(store, id, site.location)),
        stored_(store.find<Integration>({.where = {{.field = "observation_id", .value = id}}, .order_by = "sequence"})),
        calibrations_(result_.observation, stored_, site.location) {}

  std::vector<fs::path> write(const fs::path& path) const {
    const std::string ending = path.extension().string();
    if (ending == ".fits") return write_fits(path), std::vector{path};
    if (ending == ".sdfits") return write_sdfits(path), std::vector{path};
    if (ending == ".csv") return write_csv(path), std::vector{path};
    if (ending == ".sigmf-meta") return write_recordings(path);
    if (ending == ".png")
      refuse_export(id(),
                    "a picture is drawn of its .fits or .sdfits: python3 -m astro.plot FILE.fits " + path.string());
    refuse_export(id(), "\"" + path.string() + "\" ends in none of .fits, .sdfits, .csv and .sigmf-meta");
  }

 private:
  const std::string& id() const { return result_.observation.id; }
  Mode mode() const { return result_.observation.request.mode; }
  files::Provenance provenance() const { return provenance_of(result_.observation); }
  sky::VelocityFrame frame() const { return result_.observation.request.velocity_frame; }
  bool has_spectra() const { return result_.spectrum.axis.channels > 0; }

  [[noreturn]] void refuse_without_spectrum() const {
    refuse_export(id(), std::string("it has no calibrated spectrum; ") +
                            (visits_places(mode())   ? "a .csv has its continuum"
                             : mode() == Mode::loads ? "of loads `astro reduce` tells the temperatures"
                                                     : "an .sdfits has what was stored, in counts"));
  }

  void write_fits(const fs::path& path) const {
    if (covers_an_area(mode())) return write_map(path);
    if (!has_spectra()) refuse_without_spectrum();
    files::write_fits(path, result_.spectrum, provenance());
  }

  std::vector<CalibratedSpectrum> calibrated() const {
    if (calibrations_.are_none()) refuse_export(id(), "it has no calibration, so nothing of it is in kelvin");
    std::vector<CalibratedSpectrum> spectra;
    for (const Integration& each : stored_) {
      if (each.phase != Phase::sky || each.axis.channels < 2) continue;
      spectra.push_back(calibrations_.apply(calibrations_.epoch_of(each.sequence), to_spectrum(each, site_.location)));
      spectra.back().velocity_frame = frame();
    }
    return spectra;
  }

  Angle beam() const {
    const std::string receiver =
        detail::device_of(site_, DeviceKind::receiver, result_.observation.request.receiver).name;
    const auto section = detail::calibration_of(site_, receiver);
    if (section && section->beam_width > Angle()) return section->beam_width;
    refuse_export(id(), "a map is gridded by the beam: say `beam_width: 5 deg` in the site's `calibration: {" +
                            receiver + ": ...}`");
  }

  void write_map(const fs::path& path) const {
    const std::vector<detail::Sample> samples =
        detail::samples_of(result_.observation, stored_, calibrations_, site_.location);
    std::vector<Icrs> directions;
    std::vector<MapPoint> points;
    for (const detail::Sample& sample : samples) {
      directions.push_back(sample.direction);
      points.push_back({.direction = sample.direction, .value = sample.kelvin});
    }
    const MapFrame frame =
        result_.observation.request.scan.frame == OffsetFrame::galactic ? MapFrame::galactic : MapFrame::icrs;
    const MapGrid grid = grid_around(directions, beam(), frame);
    const GriddingOptions options{.beam = beam()};
    const bool as_cube = has_spectra() && !calibrations_.are_none();
    SkyMap map;
    if (as_cube) {
      const std::vector<CalibratedSpectrum> spectra = calibrated();
      map = grid_cube(spectra, grid, velocities(spectra.front()), options);
    } else {
      map = grid_map(points, grid, options, calibrations_.are_none() ? "" : "K");
    }
    files::Cube cube = files::cube_of(map);
    cube.object = provenance().object;
    add_cards(cube.more);
    files::write_cube(path, cube);
  }

  /// Within 400 km/s of the line, or the whole band when the line is not in it.
  static VelocityAxis velocities(const CalibratedSpectrum& spectrum) {
    const std::vector<double> all = spectrum.velocities_km_s();
    const auto [least, most] = std::ranges::minmax(all);
    const double low = most > -400.0 && least < 400.0 ? std::max(least, -400.0) : least;
    const double high = most > -400.0 && least < 400.0 ? std::min(most, 400.0) : most;
    const double step = std::abs(all[1] - all[0]);
    return {.first_km_s = low,
            .step_km_s = step,
            .channels = static_cast<std::uint32_t>(std::max(1.0, (high - low) / step)),
            .frame = spectrum.velocity_frame};
  }

  void add_cards(Value& more) const {
    const files::Provenance made = provenance();
    more.set("OBSERVER", made.observer)
        .set("TELESCOP", made.telescope)
        .set("OBS_ID", made.observation_id)
        .set("CREATOR", made.software);
    more.set("SETTINGS", made.settings).set("CALIBRAT", made.calibration);
    const auto is_sky = [](const Integration& each) { return each.phase == Phase::sky; };
    const Integration& first = *std::ranges::find_if(stored_, is_sky);  // there is one: it was reduced
    const Integration& last = *std::find_if(stored_.rbegin(), stored_.rend(), is_sky);
    more.set("FRONTEND", first.receiver)
        .set("TIMESYS", "UTC")
        .set("DATE-OBS", fits_time(first.start))
        .set("DATE-END", fits_time(last.start + last.duration));
  }

  void write_sdfits(const fs::path& path) const {
    std::vector<files::SdfitsRow> rows;
    const files::Provenance made = provenance();
    for (const Integration& each : stored_) {
      if (each.phase != Phase::sky && each.phase != Phase::reference) continue;
      const Spectrum spectrum = to_spectrum(each, site_.location);
      const std::size_t epoch = calibrations_.epoch_of(each.sequence);
      const bool to_kelvin = !calibrations_.are_none() && each.axis.channels > 1 && mode() != Mode::frequency_switch;
      files::SdfitsRow row = to_kelvin ? files::sdfits_row(calibrations_.apply(epoch, spectrum))
                                       : files::SdfitsRow{.spectrum = spectrum, .unit = "Counts"};
      files::set_velocity_frame(row, frame());
      row.rest = result_.observation.request.rest_frequency;
      row.object = made.object;
      row.observer = made.observer;
      row.telescope = made.telescope;
      row.scan = static_cast<int>(each.scan) + 1;
      row.integration = static_cast<int>(each.sequence);
      row.signal = each.phase == Phase::sky;
      row.tsys_k = calibrations_.are_none() ? 0.0 : calibrations_.tsys_k(each.sequence);
      row.more.set("OBSID", made.observation_id).set("BACKEND", made.software).set("PROJID", made.observation_id);
      row.more.set("SETTINGS", made.settings).set("CALIBRAT", made.calibration);
      rows.push_back(std::move(row));
    }
    files::write_sdfits(path, rows);
  }

  void write_csv(const fs::path& path) const {
    if (!visits_places(mode())) {
      if (!has_spectra()) refuse_without_spectrum();
      return files::write_csv(path, result_.spectrum, provenance());
    }
    const files::Provenance made = provenance();
    const char* unit = calibrations_.are_none() ? "power" : "temperature_k";
    const std::string velocities(Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(frame())));
    std::string text = "# object: " + made.object + "\n# observer: " + made.observer +
                       "\n# telescope: " + made.telescope + "\n# observation: " + made.observation_id +
                       "\n# software: " + made.software + "\n# settings: " + made.settings +
                       "\n# calibration: " + made.calibration + "\n# velocity_frame: " + velocities + "\n";
    for (const Finding& each : result_.findings) {
      text += "# " + each.name + ": " + text::of(each.value) + " +- " + text::of(each.error) + " " + each.unit + "\n";
    }
    text += std::string("scan,mid_utc,ra_deg,dec_deg,azimuth_deg,altitude_deg,offset_x_deg,offset_y_deg,") + unit +
            ",sigma\n";
    for (const detail::Sample& each : detail::samples_of(result_.observation, stored_, calibrations_, site_.location)) {
      text += std::to_string(each.scan) + "," + format_time(each.mid);
      for (const double number :
           {each.direction.ra.wrapped().degrees(), each.direction.dec.degrees(), each.place.azimuth.wrapped().degrees(),
            each.place.altitude.degrees(), each.x.degrees(), each.y.degrees(), each.kelvin.value, each.kelvin.sigma}) {
        text += "," + text::of(number);
      }
      text += '\n';
    }
    files::write_whole(path, std::as_bytes(std::span(text)));
  }

  std::vector<fs::path> write_recordings(const fs::path& path) const {
    const auto recordings =
        store_.find<Recording>({.where = {{.field = "observation_id", .value = id()}}, .order_by = "start"});
    if (recordings.empty()) refuse_export(id(), "nothing was recorded; ask for `product: recording`");
    std::vector<fs::path> written;
    for (std::size_t i = 0; i < recordings.size(); ++i) {
      fs::path out = path;
      if (recordings.size() > 1)
        out.replace_filename(path.stem().string() + "-" + std::to_string(i + 1) + ".sigmf-meta");
      for (const char* ending : {".sigmf-data", ".sigmf-meta"})
        copy(fs::path(recordings[i].path).replace_extension(ending), fs::path(out).replace_extension(ending));
      written.push_back(out);
    }
    return written;
  }

  void copy(const fs::path& from, const fs::path& to) const {
    const fs::path part = to.string() + ".part";
    std::error_code failed;
    fs::copy_file(from, part, fs::copy_options::overwrite_existing, failed);
    if (!failed) fs::rename(part, to, failed);
    if (!failed) return;
    std::error_code ignored;
    fs::remove(part, ignored);
    throw Error(ErrorCode::storage, "exporting observation '" + id() + "': " + from.string() +
                                        " could not be copied to " + to.string() + ": " + failed.message());
  }

  const StoreHandle& store_;
  const Site& site_;
  ObservationResult result_;
  std::vector<Integration> stored_;
  detail::Calibrations calibrations_;
};

}  // namespace

std::vector<fs::path> export_observation(const StoreHandle& store, const std::string& observation_id, const Site& site,
                                         const fs::path& path) {
  return Exporter(store, observation_id, site).write(path);
}

}  // namespace astro
