// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/wcs.hpp"

#include <erfa.h>
#include <erfam.h>
#include <wcslib/wcs.h>
#include <wcslib/wcsfix.h>
#include <wcslib/wcshdr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "astro/error.hpp"
#include "astro/imaging/image.hpp"
#include "astro/sky/frames.hpp"
#include "imaging/wcs_cards.hpp"
#include "text.hpp"

namespace astro::imaging {
namespace {

constexpr double not_a_place = std::numeric_limits<double>::quiet_NaN();

using SkyVector = std::array<double, 3>;

/// One struct of WCSLIB. Its functions write into it, so that each thread needs one of its own.
class WcsLibrary {
 public:
  explicit WcsLibrary(const WcsCards& cards) {
    // Its reader of headers keeps variables of its own.
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    std::string header = to_text(cards);
    int rejected = 0;
    int count = 0;
    wcsprm* found = nullptr;
    const int status =
        wcspih(header.data(), static_cast<int>(header.size() / 80), WCSHDR_all, 0, &rejected, &count, &found);
    prm_.flag = -1;
    const bool is_read = status == 0 && count > 0 && wcssub(1, found, nullptr, nullptr, &prm_) == 0;
    wcsvfree(&count, &found);
    if (!is_read) {
      wcsfree(&prm_);
      refuse_card(cards, "CTYPE1", "WCSLIB cannot read the header");
    }
    try {
      set(cards);
    } catch (...) {
      wcsfree(&prm_);
      throw;
    }
  }
  WcsLibrary(const WcsLibrary& other) {
    prm_.flag = -1;
    if (wcssub(1, &other.prm_, nullptr, nullptr, &prm_) != 0 || wcsset(&prm_) != 0) {
      wcsfree(&prm_);
      throw Error(ErrorCode::internal, "world coordinates: WCSLIB cannot copy what it has set up");
    }
  }
  WcsLibrary& operator=(const WcsLibrary&) = delete;
  ~WcsLibrary() { wcsfree(&prm_); }

  wcsprm* get() noexcept { return &prm_; }
  const wcsprm& operator*() const noexcept { return prm_; }

 private:
  void set(const WcsCards& cards) {
    // Only what needs it is mended: a header that fails twice loses the memory of the first time.
    unitfix(0, &prm_);
    const std::string type = text_of(cards, "CTYPE1");
    int status = type.ends_with("-NCP") || type.ends_with("-GLS") ? celfix(&prm_) : 0;
    if (status <= 0) status = wcsset(&prm_);
    if (status == 0 && prm_.lng >= 0 && prm_.lat >= 0) return;
    // (Its longer messages are not asked for: it loses their memory.)
    const std::string said =
        status == 0 ? "expected a pair of celestial axes" : std::string("WCSLIB: ") + wcs_errmsg[std::min(status, 14)];
    refuse_card(cards, culprit(cards, status), said);
  }

  /// Which card such an error of WCSLIB comes from.
  static std::string culprit(const WcsCards& cards, int status) {
    const auto first_of = [&cards](std::initializer_list<const char*> stems) -> std::string {
      for (const char* stem : stems) {
        const auto found = cards.lower_bound(stem);
        if (found != cards.end() && found->first.starts_with(stem)) return found->first;
      }
      return "CTYPE1";
    };
    if (status == WCSERR_SINGULAR_MTX) return first_of({"CD1_", "PC", "CDELT"});
    if (status == WCSERR_BAD_PARAM) return first_of({"PV", "A_", "CRVAL"});
    if (status == WCSERR_BAD_COORD_TRANS || status == WCSERR_ILL_COORD_TRANS)
      return first_of({"CRVAL2", "LONPOLE", "LATPOLE"});
    return "CTYPE1";
  }

  wcsprm prm_{};
};

/// How native directions become those of the ICRS: a rotation, or the FK4 with its E-terms.
struct NativeFrame {
  bool is_fk4 = false;
  bool is_icrs = true;
  double to_icrs[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
};

template <class Turn>
NativeFrame turned_by(Turn turn) {
  NativeFrame frame;
  frame.is_icrs = false;
  const std::array<std::pair<double, double>, 3> axes{{{0.0, 0.0}, {ERFA_DPI / 2, 0.0}, {0.0, ERFA_DPI / 2}}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Icrs direction = turn(radians(axes[axis].first), radians(axes[axis].second));
    double vector[3];
    eraS2c(direction.ra.radians(), direction.dec.radians(), vector);
    for (std::size_t i = 0; i < 3; ++i) frame.to_icrs[i][axis] = vector[i];
  }
  return frame;
}

Time j2000() { return parse_time("2000-01-01T12:00:00"); }

NativeFrame equatorial(const WcsCards& cards) {
  const bool has_equinox = cards.contains("EQUINOX") || cards.contains("EPOCH");
  const double given = number_or(cards, "EQUINOX", number_or(cards, "EPOCH", 2000.0));
  std::string system = text_of(cards, "RADESYS");
  if (system.empty()) system = !has_equinox ? "ICRS" : given < 1984.0 ? "FK4" : "FK5";
  if (system == "ICRS") return {};
  const double equinox = has_equinox ? given : system == "FK5" ? 2000.0 : 1950.0;
  const char* card = cards.contains("EQUINOX") ? "EQUINOX" : "EPOCH";
  if (system == "FK5") {
    if (!(equinox > 1000.0 && equinox < 3000.0)) refuse_card(cards, card, "expected a year");
    return turned_by([equinox](Angle ra, Angle dec) { return sky::icrs(Fk5{ra, dec, equinox}, j2000()); });
  }
  if (system == "FK4") {
    if (equinox != 1950.0) refuse_card(cards, card, "directions of the FK4 are understood for the equinox 1950");
    NativeFrame frame;
    frame.is_icrs = false;
    frame.is_fk4 = true;
    return frame;
  }
  refuse_card(cards, "RADESYS", "expected ICRS, FK5 or FK4");
}

NativeFrame ecliptic(const WcsCards& cards) {
  const double equinox = number_or(cards, "EQUINOX", 2000.0);
  if (!(equinox > 1000.0 && equinox < 3000.0)) refuse_card(cards, "EQUINOX", "expected a year");
  double day = 0.0;
  double fraction = 0.0;
  eraEpj2jd(equinox, &day, &fraction);
  NativeFrame frame;
  frame.is_icrs = false;
  double from_icrs[3][3];
  eraEcm06(day, fraction, from_icrs);
  eraTr(from_icrs, frame.to_icrs);
  return frame;
}

NativeFrame frame_of_cards(const WcsCards& cards) {
  const std::string type = text_of(cards, "CTYPE1");
  const std::string other = text_of(cards, "CTYPE2");
  const auto are = [&](const char* longitude, const char* latitude) {
    return (type.starts_with(longitude) && other.starts_with(latitude)) ||
           (type.starts_with(latitude) && other.starts_with(longitude));
  };
  if (are("RA--", "DEC-")) return equatorial(cards);
  if (are("GLON", "GLAT")) return turned_by([](Angle l, Angle b) { return sky::icrs(Galactic{l, b}); });
  if (are("ELON", "ELAT")) return ecliptic(cards);
  refuse_card(
      cards, "CTYPE1",
      "expected right ascension and declination (RA--, DEC-), GLON and GLAT, or ELON and ELAT on the first two axes, "
      "with a projection like TAN");
}

Icrs to_icrs(const NativeFrame& frame, double longitude_deg, double latitude_deg) {
  const double longitude = longitude_deg * ERFA_DD2R;
  const double latitude = latitude_deg * ERFA_DD2R;
  if (frame.is_icrs) return {radians(longitude).wrapped(), radians(latitude)};
  if (frame.is_fk4) {
    double ra = 0.0;
    double dec = 0.0;
    eraFk45z(longitude, latitude, 1950.0, &ra, &dec);
    return sky::icrs(Fk5{radians(ra), radians(dec), 2000.0}, j2000());
  }
  SkyVector vector;
  eraS2c(longitude, latitude, vector.data());
  NativeFrame turned = frame;  // ERFA asks for one that could be written
  eraRxp(turned.to_icrs, vector.data(), vector.data());
  double ra = 0.0;
  double dec = 0.0;
  eraC2s(vector.data(), &ra, &dec);
  return {radians(ra).wrapped(), radians(dec)};
}

/// Longitude and latitude in degrees.
std::pair<double, double> from_icrs(const NativeFrame& frame, const Icrs& direction) {
  double longitude = direction.ra.radians();
  double latitude = direction.dec.radians();
  if (frame.is_fk4) {
    const Fk5 fk5 = sky::fk5(direction, j2000());
    double unused[2];
    eraFk54z(fk5.ra.radians(), fk5.dec.radians(), 1950.0, &longitude, &latitude, &unused[0], &unused[1]);
  } else if (!frame.is_icrs) {
    SkyVector vector;
    eraS2c(longitude, latitude, vector.data());
    NativeFrame turned = frame;
    eraTrxp(turned.to_icrs, vector.data(), vector.data());
    eraC2s(vector.data(), &longitude, &latitude);
  }
  return {longitude * ERFA_DR2D, latitude * ERFA_DR2D};
}

}  // namespace

struct Wcs::State {
  explicit State(WcsCards given) : cards(std::move(given)), frame(frame_of_cards(cards)), first(cards) {
    const wcsprm& prm = *first;
    longitude = static_cast<std::size_t>(prm.lng);
    latitude = static_cast<std::size_t>(prm.lat);
    reference = {prm.crpix[0] - 1.0, prm.crpix[1] - 1.0};
    is_distorted = prm.lin.dispre != nullptr || prm.lin.disseq != nullptr;
  }

  /// A struct of WCSLIB for one caller at a time; it comes back for the next.
  class Loan {
   public:
    explicit Loan(const State& state) : state_(state) {
      const std::lock_guard lock(state.mutex);
      if (state.spare.empty()) {
        library_ = std::make_unique<WcsLibrary>(state.first);
      } else {
        library_ = std::move(state.spare.back());
        state.spare.pop_back();
      }
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      const std::lock_guard lock(state_.mutex);
      state_.spare.push_back(std::move(library_));
    }
    wcsprm* get() noexcept { return library_->get(); }

   private:
    const State& state_;
    std::unique_ptr<WcsLibrary> library_;
  };

  WcsCards cards;
  NativeFrame frame;
  WcsLibrary first;
  std::size_t longitude = 0;
  std::size_t latitude = 1;
  PixelPosition reference{};
  bool is_distorted = false;
  mutable std::mutex mutex{};
  mutable std::vector<std::unique_ptr<WcsLibrary>> spare{};
};

namespace {

constexpr std::size_t places_at_once = 512;

struct WcsBuffers {
  std::array<double, 2 * places_at_once> pixel;
  std::array<double, 2 * places_at_once> plane;
  std::array<double, 2 * places_at_once> world;
  std::array<double, places_at_once> phi;
  std::array<double, places_at_once> theta;
  std::array<int, places_at_once> status;
};

}  // namespace

Wcs::Wcs(std::shared_ptr<const State> state) noexcept : state_(std::move(state)) {}

Wcs Wcs::from_header(std::string_view cards) { return Wcs(std::make_shared<const State>(read_wcs_cards(cards))); }

Wcs Wcs::tangential(Icrs centre, PixelPosition at, Angle scale, Angle rotation, bool flipped) {
  const double degrees = scale.degrees();
  for (const double number : {centre.ra.radians(), centre.dec.radians(), at.x, at.y, degrees, rotation.radians()}) {
    if (!std::isfinite(number))
      throw Error(ErrorCode::invalid_argument, "a tangential projection of what is not finite");
  }
  if (!(degrees > 0.0 && degrees < 45.0)) {
    throw Error(ErrorCode::invalid_argument, "a tangential projection with pixels of " + text::of(degrees) +
                                                 " degrees; expected more than 0 and less than 45");
  }
  // North points to up (+y) turned_by by the rotation towards east, which is -x; flipped, it is +x.
  const double east = flipped ? 1.0 : -1.0;
  const double c = std::cos(rotation.radians());
  const double s = std::sin(rotation.radians());
  WcsCards cards;
  cards["CTYPE1"] = "RA---TAN";
  cards["CTYPE2"] = "DEC--TAN";
  cards["RADESYS"] = "ICRS";
  cards["CRVAL1"] = centre.ra.wrapped().degrees();
  cards["CRVAL2"] = centre.dec.degrees();
  cards["CRPIX1"] = at.x + 1.0;
  cards["CRPIX2"] = at.y + 1.0;
  cards["CD1_1"] = degrees * east * c;
  cards["CD1_2"] = degrees * -s;
  cards["CD2_1"] = degrees * east * s;
  cards["CD2_2"] = degrees * c;
  return Wcs(std::make_shared<const State>(std::move(cards)));
}

std::vector<Icrs> Wcs::sky(std::span<const PixelPosition> pixels) const {
  std::vector<Icrs> result(pixels.size(), Icrs{radians(not_a_place), radians(not_a_place)});
  State::Loan library(*state_);
  const auto buffers = std::make_unique<WcsBuffers>();
  for (std::size_t start = 0; start < pixels.size(); start += places_at_once) {
    const std::size_t count = std::min<std::size_t>(places_at_once, pixels.size() - start);
    for (std::size_t i = 0; i < count; ++i) {
      buffers->pixel[2 * i] = pixels[start + i].x + 1.0;
      buffers->pixel[2 * i + 1] = pixels[start + i].y + 1.0;
    }
    const int status =
        wcsp2s(library.get(), static_cast<int>(count), 2, buffers->pixel.data(), buffers->plane.data(),
               buffers->phi.data(), buffers->theta.data(), buffers->world.data(), buffers->status.data());
    if (status != 0 && status != WCSERR_BAD_PIX) continue;
    for (std::size_t i = 0; i < count; ++i) {
      const double longitude = buffers->world[2 * i + state_->longitude];
      const double latitude = buffers->world[2 * i + state_->latitude];
      if (buffers->status[i] != 0 || !std::isfinite(longitude) || !std::isfinite(latitude)) continue;
      result[start + i] = to_icrs(state_->frame, longitude, latitude);
    }
  }
  return result;
}

std::vector<PixelPosition> Wcs::pixel(std::span<const Icrs> directions) const {
  std::vector<PixelPosition> result(directions.size(), PixelPosition{not_a_place, not_a_place});
  State::Loan library(*state_);
  const auto buffers = std::make_unique<WcsBuffers>();
  for (std::size_t start = 0; start < directions.size(); start += places_at_once) {
    const std::size_t count = std::min<std::size_t>(places_at_once, directions.size() - start);
    for (std::size_t i = 0; i < count; ++i) {
      const auto [longitude, latitude] = from_icrs(state_->frame, directions[start + i]);
      buffers->world[2 * i + state_->longitude] = longitude;
      buffers->world[2 * i + state_->latitude] = latitude;
    }
    const int status =
        wcss2p(library.get(), static_cast<int>(count), 2, buffers->world.data(), buffers->phi.data(),
               buffers->theta.data(), buffers->plane.data(), buffers->pixel.data(), buffers->status.data());
    if (status != 0 && status != WCSERR_BAD_WORLD) continue;
    for (std::size_t i = 0; i < count; ++i) {
      const PixelPosition place{buffers->pixel[2 * i] - 1.0, buffers->pixel[2 * i + 1] - 1.0};
      if (buffers->status[i] != 0 || !std::isfinite(place.x) || !std::isfinite(place.y)) continue;
      result[start + i] = place;
    }
  }
  return result;
}

std::optional<Icrs> Wcs::sky(PixelPosition pixel) const {
  const Icrs direction = sky(std::span(&pixel, 1)).front();
  return std::isfinite(direction.ra.radians()) ? std::optional(direction) : std::nullopt;
}

std::optional<PixelPosition> Wcs::pixel(Icrs direction) const {
  const PixelPosition place = pixel(std::span(&direction, 1)).front();
  return std::isfinite(place.x) ? std::optional(place) : std::nullopt;
}

std::string Wcs::header() const { return to_text(state_->cards); }

Wcs Wcs::shifted(double column, double row) const {
  if (!std::isfinite(column) || !std::isfinite(row)) {
    throw Error(ErrorCode::invalid_argument, "world coordinates are to be shifted by what is not finite");
  }
  WcsCards cards = state_->cards;
  cards["CRPIX1"] = state_->reference.x + 1.0 - column;
  cards["CRPIX2"] = state_->reference.y + 1.0 - row;
  return Wcs(std::make_shared<const State>(std::move(cards)));
}

PixelPosition Wcs::reference() const noexcept { return state_->reference; }

Angle Wcs::scale() const {
  constexpr double step = 0.5;
  const PixelPosition at = state_->reference;
  const std::array<PixelPosition, 4> around{
      {{at.x - step, at.y}, {at.x + step, at.y}, {at.x, at.y - step}, {at.x, at.y + step}}};
  std::array<SkyVector, 4> v;
  const std::vector<Icrs> directions = sky(around);
  for (std::size_t i = 0; i < 4; ++i) eraS2c(directions[i].ra.radians(), directions[i].dec.radians(), v[i].data());
  SkyVector along_x;
  SkyVector along_y;
  SkyVector area;
  eraPmp(v[1].data(), v[0].data(), along_x.data());
  eraPmp(v[3].data(), v[2].data(), along_y.data());
  eraPxp(along_x.data(), along_y.data(), area.data());
  return radians(std::sqrt(eraPm(area.data())));
}

}  // namespace astro::imaging
