// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/files/recordings.hpp"
#include "astro/signal/spectrum.hpp"
#include "astro/sky/velocity.hpp"
#include "astro/value.hpp"

/// Single-dish FITS: the table that Green Bank's tools (GBTIDL, dysh), Parkes' and CASA exchange
/// (Garwood 2000, ADASS IX, ASP Conf. Ser. 216, 243; the columns as the Green Bank Telescope names them).
namespace astro::files {

/// One spectrum of the table: one integration of one polarisation, feed and band.
struct SdfitsRow {
  /// Frequencies ascend and are those at the telescope, in whatever order and frame the file has
  /// them. A channel that is not a number or is flagged has weight 0. `receiver` is FRONTEND;
  /// `place` is AZIMUTH and ELEVATIO as they stand there, refraction included or not.
  Spectrum spectrum{};
  std::string unit{};  ///< of the power: "K", "Jy", "Counts"
  std::string object{};
  std::string observer{};
  std::string telescope{};
  int scan = 0;
  int integration = 0;    ///< INT, within the scan
  int band = 0;           ///< IFNUM
  int polarisation = 0;   ///< PLNUM, an index
  int feed = 0;           ///< FDNUM
  std::string stokes{};   ///< "I", "XX", "YY", "RR", ...; empty: not known
  bool signal = true;     ///< SIG: on the signal's side of a switching cycle
  bool diode_on = false;  ///< CAL: with the noise diode
  double diode_k = 0.0;   ///< TCAL, of the noise diode
  double tsys_k = 0.0;
  Frequency rest = hydrogen_line;
  /// VELDEF: definition and frame, as in "RADI-LSR" or "OPTI-HEL"; what the velocities below are of.
  std::string velocity_definition{};
  double frame_velocity_km_s = 0.0;   ///< VFRAME, of that frame's rest as seen from the telescope: a topocentric
                                      ///< velocity less this is one in the frame
  double source_velocity_km_s = 0.0;  ///< VELOCITY, of the source in that frame
  bool descending = false;            ///< the file's order of frequencies, in which it is written again
  Value more{};                       ///< a map: every other column and card by its name, written again
};

/// Reads all tables named SINGLE DISH of a file, in its order. One row of several polarisations
/// becomes several. Directions in FK5 of J2000 are taken as ICRS (23 mas apart at most); of other
/// equinoxes they are worked out from azimuth, elevation and site. Throws `not_found`,
/// `invalid_file` naming card, row and column.
ASTRO_API std::vector<SdfitsRow> read_sdfits(const std::filesystem::path& path);

/// Writes one table. All rows must have the same number of channels. A channel of weight 0 is
/// flagged in the column FLAGS; other weights stand in the column WEIGHT. A row that says no
/// `velocity_definition` gets RADI-LSR with the telescope's velocity worked out. Throws
/// `invalid_argument`, `storage`.
ASTRO_API void write_sdfits(const std::filesystem::path& path, const std::vector<SdfitsRow>& rows);

/// Green Bank's 20 metre telescope, calibrated ASCII: '#' header, then six columns. Four rows: XX and
/// YY of the first band and of the second, in kelvin. `place` is the antenna's own azimuth and
/// elevation, up to half a degree off; `direction` is RA and DEC of the header.
ASTRO_API std::vector<SdfitsRow> read_gbo20m(const std::filesystem::path& path);

/// The spectra of a recording as rows, in one scan, and back.
ASTRO_API std::vector<SdfitsRow> sdfits_rows(const SpectraFile& file);
ASTRO_API SpectraFile spectra_file(const std::vector<SdfitsRow>& rows);
/// A spectrum in kelvin as a row, without its errors: the format has no column for them.
ASTRO_API SdfitsRow sdfits_row(const CalibratedSpectrum& spectrum);
/// Says in which frame the row's velocities are to be told: definition (radio) and the velocity of the frame, by the
/// pointing.
ASTRO_API void set_velocity_frame(SdfitsRow& row, sky::VelocityFrame frame);

}  // namespace astro::files
