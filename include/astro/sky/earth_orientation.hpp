// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "astro/angle.hpp"
#include "astro/export.hpp"
#include "astro/time.hpp"

namespace astro::sky {

/// How the Earth is turned at an instant: UT1 - UTC, and where its axis pierces its crust.
struct EarthOrientationValues {
  double ut1_minus_utc_s = 0.0;
  Angle xp{};  ///< polar motion towards the meridian of Greenwich
  Angle yp{};  ///< and towards 90 degrees west

  bool operator==(const EarthOrientationValues&) const = default;
};

/// A table of the International Earth Rotation and Reference Systems Service, daily at 0h UTC, as
/// an immutable value. Between two days it is interpolated linearly, and UT1 through a leap second
/// without a jump (UT1 - TAI is what is interpolated). That leaves out the tides of a day and less:
/// up to 0.1 ms of UT1 and 0.5 mas of the pole (IERS Conventions 2010, chapter 8). Celestial pole
/// offsets are left out too, 0.3 mas against the models of IAU 2000A.
///
/// Before the table UT1 is UTC and the pole is the mean one; after it the last values stay.
class ASTRO_API EarthOrientation {
 public:
  /// Reads finals2000A.all, finals2000A.daily or finals.data (fixed columns; values of Bulletin B
  /// before those of Bulletin A; measured and predicted), or EOP C04 (14 C04 and 20 C04). Throws
  /// `not_found` when it cannot be opened and `invalid_file`, with the line, when it is none of these.
  static EarthOrientation read(const std::filesystem::path& file);
  /// The same from text; `name` begins the messages.
  static EarthOrientation parse(std::string_view text, const std::string& name);

  EarthOrientationValues at(Time time) const noexcept;

  Time first() const noexcept { return first_; }
  Time last() const noexcept { return last_; }                    ///< of what is measured or predicted
  Time last_measured() const noexcept { return last_measured_; }  ///< what follows is predicted

 private:
  struct Day {
    double ut1_minus_tai_s;
    double xp_rad;
    double yp_rad;
  };
  EarthOrientation() = default;

  std::vector<Day> days_;
  Time first_{};
  Time last_{};
  Time last_measured_{};
};

/// The table that all functions of this room use, or none: then UT1 is taken as UTC and the pole as
/// the mean one, which moves a place in azimuth and altitude by up to 14 arcsec. Set it once, before
/// the first question; the table is swapped as a whole, and what is being computed keeps its own.
/// Any thread may call both.
ASTRO_API void set_earth_orientation(std::shared_ptr<const EarthOrientation> table);
ASTRO_API std::shared_ptr<const EarthOrientation> earth_orientation();
/// Reads the file and sets it.
ASTRO_API void use_earth_orientation(const std::filesystem::path& file);

/// What is wrong with places that are computed for this time with the table now set, with the size
/// of the error; empty when it is good to a milliarcsecond or predicted.
ASTRO_API std::string earth_orientation_warning(Time time);

/// Who hears it, once for each table, when a place is first computed for a time that the table does
/// not have. The library's log takes this by itself; nullptr: nobody.
ASTRO_API void set_earth_orientation_listener(void (*listener)(const std::string& warning)) noexcept;

}  // namespace astro::sky
