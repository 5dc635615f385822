// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/difference.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/files/image.hpp"
#include "astro/inference/models.hpp"
#include "astro/record.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

using imaging::Candidate;

struct DifferenceArguments {
  std::string science;
  std::string reference;
  std::string fits;
  std::string align = "automatic";
  std::string classifier;
  std::string science_psf;
  std::string reference_psf;
  std::vector<std::string> noise;
  std::vector<double> gain;
  std::vector<double> saturation;
  double threshold = 5.0;
  int correlated = 0;
  int psf_order = 0;
  std::size_t psf_side = 0;
  int threads = 1;
  bool all = false;
  bool json = false;
};

/// The squares of a map of noise. Where it has no number, or one that cannot be, its pixel cannot be used.
imaging::Plane<float> variance_of(const imaging::Image& noise) {
  constexpr float unusable = -1.0F;
  imaging::Plane<float> variance(noise.rows(), noise.columns());
  for (std::size_t row = 0; row < noise.rows(); ++row) {
    for (std::size_t column = 0; column < noise.columns(); ++column) {
      const float sigma = noise.pixels(row, column);
      const bool is_known = noise.mask(row, column) == 0 && sigma > 0.0F;
      variance(row, column) = is_known ? sigma * sigma : unusable;
    }
  }
  return variance;
}

imaging::Image image_of(const std::string& path, const DifferenceArguments& arguments, std::size_t which) {
  imaging::Image image = files::read_image(path);
  // One value is for both images.
  const auto value = [&](const std::vector<double>& given, double otherwise) {
    return given.empty() ? otherwise : given[std::min(which, given.size() - 1)];
  };
  image.gain = value(arguments.gain, image.gain);
  image.saturation = value(arguments.saturation, image.saturation);
  if (!arguments.noise.empty()) image.variance = variance_of(files::read_image(arguments.noise[which]));
  return image;
}

/// The image of a point, where a file is named.
std::optional<imaging::Psf> psf_of(const std::string& path) {
  if (path.empty()) return std::nullopt;
  imaging::Image image = files::read_image(path);
  if (std::ranges::any_of(image.mask.values(), [](std::uint16_t flags) { return flags != 0; })) {
    throw Error(ErrorCode::invalid_argument, path + ": a point spread function: some of its pixels have no number");
  }
  try {
    return imaging::Psf(std::move(image.pixels));
  } catch (const Error& error) {
    throw error.at(path);
  }
}

imaging::Alignment alignment_of(const std::string& name) {
  if (name == "stars") return imaging::Alignment::stars;
  if (name == "wcs") return imaging::Alignment::wcs;
  return name == "none" ? imaging::Alignment::none : imaging::Alignment::automatic;
}

std::string vetoes_of(const Candidate& candidate) {
  std::string names;
  for (const imaging::Veto veto : candidate.vetoes) {
    if (!names.empty()) names += ", ";
    names += Description<imaging::Veto>::choices.at(static_cast<std::size_t>(veto));
  }
  return names;
}

/// One line of the table: its place, how sure it is, and what is against it.
std::vector<std::string> row_of(const Candidate& candidate) {
  const auto degrees = [](const std::optional<Angle>& angle) { return angle ? number(angle->degrees(), 5) : "-"; };
  // Two figures of the error, whatever the unit of the images; of counts one behind the point.
  const double error = candidate.flux_error;
  const int digits = error > 0.0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 1, 12) : 1;
  return {number(candidate.x, 2),
          number(candidate.y, 2),
          degrees(candidate.right_ascension),
          degrees(candidate.declination),
          number(candidate.significance, 1),
          number(candidate.flux, digits),
          number(candidate.flux_error, digits),
          candidate.score ? number(*candidate.score, 3) : "-",
          vetoes_of(candidate)};
}

/// Scores the candidates, and says by what. Who names no classifier does without one where nothing runs it.
std::string score(imaging::Difference& made, const std::string& classifier) {
  try {
    const imaging::Classifier opened =
        classifier.empty() ? inference::open_classifier() : inference::open_classifier(classifier);
    made.candidates =
        opened.scored(std::move(made.candidates), made.science, made.reference, made.subtraction.difference);
    return opened.model().name;
  } catch (const Error& error) {
    if (!classifier.empty() || error.code() != ErrorCode::not_found) throw;
    return std::string("none: ") + error.what();
  }
}

/// How the two images fit each other.
Value match_of(const imaging::Difference& made) {
  const imaging::SubtractionMatch& match = made.subtraction.match;
  const auto vetoed =
      std::ranges::count_if(made.candidates, [](const Candidate& each) { return !each.vetoes.empty(); });
  Value told;
  told.set("registration", made.registration.reason).set("is_resampled", made.is_resampled);
  told.set("flux_ratio", match.flux_ratio).set("significance_std", match.significance_std);
  told.set("astrometric_noise_pixel", std::max(match.astrometric_x, match.astrometric_y));
  told.set("stars", static_cast<std::int64_t>(match.stars)).set("vetoed", static_cast<std::int64_t>(vetoed));
  told.set("science", made.science_quality.reason).set("science_is_good", made.science_quality.is_good);
  told.set("reference", made.reference_quality.reason).set("reference_is_good", made.reference_quality.is_good);
  return told;
}

int run(const DifferenceArguments& arguments) {
  imaging::DifferenceOptions options;
  options.alignment = alignment_of(arguments.align);
  options.science_psf = psf_of(arguments.science_psf);
  options.reference_psf = psf_of(arguments.reference_psf);
  options.psf_order = arguments.psf_order;
  options.psf_side = arguments.psf_side;
  options.subtraction.threads = arguments.threads;
  options.subtraction.correlated = arguments.correlated;
  options.detection.threshold = arguments.threshold;
  imaging::Difference made = imaging::difference(image_of(arguments.science, arguments, 0),
                                                 image_of(arguments.reference, arguments, 1), options);
  const std::string scored_by = score(made, arguments.classifier);
  if (!arguments.fits.empty()) files::write_image(arguments.fits, made.subtraction.difference);
  std::vector<Candidate> shown;
  std::ranges::copy_if(made.candidates, std::back_inserter(shown),
                       [&](const Candidate& each) { return arguments.all || each.vetoes.empty(); });
  Value told = match_of(made);
  told.set("classifier", scored_by);
  if (arguments.json) {
    List candidates;
    for (const Candidate& candidate : shown) candidates.push_back(to_value(candidate));
    told.set("candidates", std::move(candidates));
  } else {
    std::vector<std::vector<std::string>> rows{{"X", "Y", "RA", "DEC", "SIGMA", "FLUX", "ERROR", "SCORE", "VETO"}};
    for (const Candidate& candidate : shown) rows.push_back(row_of(candidate));
    print_table(rows);
  }
  print(told, arguments.json);
  return done;
}

}  // namespace

void add_difference(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<DifferenceArguments>();
  CLI::App* command =
      app.add_subcommand("difference", "what has changed between two images of a field: a table of candidates");
  command->add_option("science", arguments->science, "FITS image in which it is looked for, calibrated")->required();
  command->add_option("reference", arguments->reference, "FITS image of the same field at another time")->required();
  command->add_option("--threshold", arguments->threshold, "standard deviations of a candidate")->capture_default_str();
  command->add_option("--align", arguments->align, "how the reference is brought onto the science image")
      ->check(CLI::IsMember({"automatic", "stars", "wcs", "none"}))
      ->capture_default_str();
  command->add_option("--gain", arguments->gain, "electrons a count, instead of what the file says; one, or of each")
      ->expected(1, 2);
  command->add_option("--saturation", arguments->saturation, "counts, instead of what the file says; one, or of each")
      ->expected(1, 2);
  command
      ->add_option("--noise", arguments->noise,
                   "FITS images of the noise (standard deviation) of both, where they do not bring it")
      ->expected(2);
  command->add_option("--science-psf", arguments->science_psf,
                      "FITS image of a point in the science image, odd sides; else measured from its stars");
  command->add_option("--reference-psf", arguments->reference_psf,
                      "the same of the reference, on the science image's pixels");
  command
      ->add_option("--psf-order", arguments->psf_order,
                   "of the polynomial by which a measured PSF varies over the field, 0 to 2")
      ->capture_default_str();
  command->add_option("--psf-side", arguments->psf_side, "pixels of a measured PSF, odd; 0: by the width of the stars")
      ->capture_default_str();
  command->add_option("--correlated", arguments->correlated, "pixels over which noise is shared, of resampled images")
      ->capture_default_str();
  command->add_option("--classifier", arguments->classifier,
                      "NAME.onnx that gives the scores; else the one that ships");
  command->add_option("--threads", arguments->threads, "that work")->capture_default_str();
  command->add_option("--fits", arguments->fits, "write the difference, its variance and its mask");
  command->add_flag("--all", arguments->all, "show also what is probably nothing on the sky");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
