// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <filesystem>
#include <string>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/files/filterbank.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

namespace fs = std::filesystem;

struct ConvertArguments {
  std::string in;
  std::string out;
  std::string to;
  std::string samples;
  double rate_hz = 0.0;
  double frequency_hz = 0.0;
  std::string start;
  int bits = 32;
  bool json = false;
};

enum class Kind { sdfits, csv, filterbank, iq };

/// What a name or an ending stands for.
Kind kind_of(const std::string& name) {
  if (name == "sdfits" || name == "fits") return Kind::sdfits;
  if (name == "csv") return Kind::csv;
  if (name == "fil" || name == "tim") return Kind::filterbank;
  for (const char* each : {"cu8", "cs8", "cs16", "cf32", "wav", "sigmf", "sigmf-meta"}) {
    if (name == each) return Kind::iq;
  }
  throw Error(ErrorCode::invalid_argument, "converting: \"" + name +
                                               "\" is no format that can be written; expected sdfits, csv, fil, or of "
                                               "IQ cu8, cs8, cs16, cf32, wav or sigmf");
}

std::string format_of(const ConvertArguments& arguments) {
  if (!arguments.to.empty()) return arguments.to;
  const std::string ending = fs::path(arguments.out).extension().string();
  return ending.empty() ? ending : ending.substr(1);
}

bool is_iq(const ConvertArguments& arguments) {
  if (!arguments.samples.empty()) return true;
  const std::string ending = fs::path(arguments.in).extension().string();
  for (const char* each : {".cu8", ".cs8", ".cs16", ".cf32", ".wav", ".sigmf-meta", ".sigmf-data"}) {
    if (ending == each) return true;
  }
  return false;
}

std::optional<Dtype> samples_of(const ConvertArguments& arguments) {
  if (arguments.samples.empty()) return std::nullopt;
  const auto dtype = parse_dtype(arguments.samples);
  if (!dtype) {
    throw Error(ErrorCode::invalid_argument,
                "converting: --samples " + arguments.samples + ": expected cu8, ci8, ci16 or cf32");
  }
  return dtype;
}

files::IqInfo inspected(const ConvertArguments& arguments) {
  files::IqInfo info = files::inspect_iq(arguments.in, samples_of(arguments));
  if (arguments.rate_hz > 0.0) info.sample_rate = hertz(arguments.rate_hz);
  if (arguments.frequency_hz > 0.0) info.frequency = hertz(arguments.frequency_hz);
  if (!arguments.start.empty()) info.start = parse_time(arguments.start);
  return info;
}

/// The writer knows a format by its ending: with --to the file gets that one while it is written.
fs::path with_ending(const ConvertArguments& arguments) {
  const std::string format = format_of(arguments) == "sigmf" ? "sigmf-meta" : format_of(arguments);
  const fs::path out = arguments.out;
  return out.extension() == "." + format ? out : fs::path(arguments.out + "." + format);
}

Value convert_iq(const ConvertArguments& arguments) {
  const files::IqInfo info = inspected(arguments);
  const fs::path out = with_ending(arguments);
  files::IqReader reader(info);
  files::IqWriter writer(out, info);
  Bytes buffer(std::size_t{1} << 20);
  while (const std::size_t samples = reader.read(buffer)) {
    writer.write(std::span<const std::byte>(buffer).first(samples * size_of(info.dtype)));
  }
  writer.finish();
  Value told;
  told.set("out", out.string()).set("samples", info.samples).set("sample_rate_hz", info.sample_rate.hertz());
  return told;
}

/// Spectra of one axis after the other, as a filterbank has them.
void write_filterbank(const ConvertArguments& arguments, const files::SpectraFile& file) {
  const Spectrum& first = file.spectra.front();
  files::FilterbankInfo info;
  info.axis = first.axis;
  info.start = first.start;
  info.bits = arguments.bits;
  info.source = file.object;
  if (first.pointing.known) info.direction = first.pointing.direction;
  info.period = file.spectra.size() > 1 ? file.spectra[1].start - first.start : first.duration;
  std::vector<float> numbers;
  for (const Spectrum& spectrum : file.spectra) {
    if (spectrum.axis.channels != info.axis.channels) {
      throw Error(
          ErrorCode::invalid_argument,
          "converting " + arguments.in + ": its spectra have different numbers of channels, and a filterbank has one");
    }
    numbers.insert(numbers.end(), spectrum.power.begin(), spectrum.power.end());
  }
  files::write_filterbank(arguments.out, info, numbers);
}

/// SDFITS keeps more than spectra have, so that a table becomes a table by its rows.
std::vector<files::SdfitsRow> rows_of(const fs::path& in) {
  const fs::path ending = in.extension();
  if (ending == ".fits" || ending == ".sdfits") return files::read_sdfits(in);
  if (ending == ".txt") return files::read_gbo20m(in);
  return files::sdfits_rows(files::read_spectra(in));
}

Value convert_spectra(const ConvertArguments& arguments, Kind kind) {
  const std::vector<files::SdfitsRow> rows = rows_of(arguments.in);
  if (kind == Kind::sdfits) {
    files::write_sdfits(arguments.out, rows);
  } else {
    const files::SpectraFile file = files::spectra_file(rows);
    if (kind == Kind::csv) files::write_csv(arguments.out, file);
    else write_filterbank(arguments, file);
  }
  Value told;
  told.set("out", arguments.out).set("spectra", rows.size());
  told.set("channels", static_cast<std::int64_t>(rows.front().spectrum.axis.channels));
  return told;
}

int run(const ConvertArguments& arguments) {
  const Kind kind = kind_of(format_of(arguments));
  const bool from_iq = is_iq(arguments);
  if (from_iq != (kind == Kind::iq)) {
    throw Error(ErrorCode::invalid_argument,
                "converting " + arguments.in + ": " + (from_iq ? "samples of IQ" : "spectra") + " do not become " +
                    format_of(arguments) +
                    "; the formats of spectra are sdfits, csv and fil, of IQ cu8, cs8, cs16, "
                    "cf32, wav and sigmf");
  }
  print(from_iq ? convert_iq(arguments) : convert_spectra(arguments, kind), arguments.json);
  return done;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = app.add_subcommand("convert", "writes a recording in another format");
  command
      ->add_option("in", arguments->in,
                   "spectra: horn .ast .hot, Virgo .dat, Green Bank 20 m .txt, .csv of SDRangel or rtl_power, SDFITS "
                   ".fits, SIGPROC .fil .tim; IQ: .cu8 .cs8 .cs16 .cf32 .wav .sigmf-meta")
      ->required();
  command->add_option("out", arguments->out, "file to write; its ending is its format")->required();
  command->add_option("--to", arguments->to,
                      "format, where the ending does not say it: sdfits, csv, fil; cu8, cs8, cs16, cf32, wav, sigmf");
  command->add_option("--bits", arguments->bits, "of a number in a .fil: 1, 2, 4, 8, 16 or 32")->capture_default_str();
  command->add_option("--samples", arguments->samples, "IQ whose ending does not say it: cu8, ci8, ci16 or cf32");
  command->add_option("--sample-rate", arguments->rate_hz, "hertz, of IQ that does not say it");
  command->add_option("--frequency", arguments->frequency_hz, "hertz, centre of the band of IQ that does not say it");
  command->add_option("--start", arguments->start, "UTC of the first sample, ISO 8601, of IQ that does not say it");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
