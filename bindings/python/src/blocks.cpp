// SPDX-License-Identifier: BSD-3-Clause
#include "astro/block.hpp"

#include "arrays.hpp"
#include "common.hpp"

namespace astro_python {
namespace {

using astro::Block;
using astro::StreamSettings;

using SettingsPtr = std::shared_ptr<StreamSettings>;

/// A numpy array as a block over the array's own memory, which stays alive with the block.
std::shared_ptr<Block> block_from(const py::array& given, const py::object& settings, astro::Frequency sample_rate,
                                  astro::Frequency frequency, astro::Duration item_period, std::uint64_t first,
                                  std::uint64_t lost, std::optional<astro::Time> time) {
  py::array array = py::array::ensure(given, py::array::c_style);
  if (!array) throw py::error_already_set();
  if (array.dtype().kind() == 'c' && array.itemsize() == 16) array = array.attr("astype")("complex64");
  auto stream = std::make_shared<StreamSettings>();
  if (settings.is_none()) {
    stream->tuning.sample_rate = sample_rate;
    stream->tuning.frequency = frequency;
    stream->dtype = sample_dtype(array);
    const bool pairs = numpy_shape(stream->dtype, {}).size() == 1;
    const auto item_dimensions = array.ndim() - 1 - (pairs ? 1 : 0);
    for (py::ssize_t i = 0; i < item_dimensions; ++i)
      stream->item_shape.push_back(static_cast<std::size_t>(array.shape(i + 1)));
    stream->item_period = item_period;
    if (stream->is_iq() && sample_rate.hertz() > 0)
      stream->item_period = astro::from_seconds(1.0 / sample_rate.hertz());
  } else {
    *stream = py::cast<const StreamSettings&>(settings);
  }
  const std::span bytes(static_cast<const std::byte*>(array.data()), static_cast<std::size_t>(array.nbytes()));
  auto block = std::make_shared<Block>(share(array), bytes, std::move(stream));
  block->first = first;
  block->lost = lost;
  if (time) block->time = *time, block->time_is_exact = true;
  return block;
}

py::array array_of(const py::object& self) {
  const auto& block = py::cast<const Block&>(self);
  std::vector<std::size_t> shape{block.items()};
  shape.insert(shape.end(), block.settings().item_shape.begin(), block.settings().item_shape.end());
  return view(block.bytes().data(), block.settings().dtype, shape, self);
}

}  // namespace

void bind_blocks(py::module_& module) {
  py::class_<StreamSettings, SettingsPtr>(module, "StreamSettings",
                                          "How a stream looks and under which settings it was taken.")
      .def(py::init([](const astro::Tuning& tuning, astro::Dtype dtype, std::vector<std::size_t> item_shape,
                       astro::Duration item_period, bool recorded) {
             return StreamSettings{tuning, dtype, std::move(item_shape), item_period, recorded, {}, {}};
           }),
           "tuning"_a, "dtype"_a = astro::Dtype::cf32, "item_shape"_a = std::vector<std::size_t>(),
           "item_period_s"_a = astro::Duration(), "recorded"_a = false)
      .def_readonly("tuning", &StreamSettings::tuning, "As the hardware took it.")
      .def_readonly("dtype", &StreamSettings::dtype)
      .def_readonly("item_shape", &StreamSettings::item_shape,
                    "[] IQ; [channels] spectra; [rows, columns, planes] frames.")
      .def_property_readonly("item_period_s", [](const StreamSettings& self) { return self.item_period; })
      .def_readonly("recorded", &StreamSettings::recorded,
                    "Played from a recording: its times are not those of the observatory's clock.")
      .def_readonly("receiver", &StreamSettings::receiver)
      .def_readonly("mount", &StreamSettings::mount)
      .def_property_readonly("is_iq", &StreamSettings::is_iq);

  py::class_<Block, std::shared_ptr<Block>>(module, "Block", nogil_destructor(),
                                            R"(A run of items without a gap: samples of IQ, or spectra, or frames.

Made from a numpy array without a copy (do not change it afterwards): complex64 is cf32, uint8 (n, 2) cu8, int16 (n, 2)
ci16, float32 (n, channels) spectra.)")
      .def(py::init(&block_from), "array"_a, "settings"_a = py::none(), py::kw_only(),
           "sample_rate"_a = astro::Frequency(), "frequency"_a = astro::Frequency(),
           "item_period_s"_a = astro::Duration(), "first"_a = 0, "lost"_a = 0, "time"_a = py::none())
      .def("array", &array_of, "The samples as a read-only array over the block's own memory, which it keeps alive.")
      .def_readonly("first", &Block::first, "Index of the first item since the stream started; counts lost ones too.")
      .def_readonly("lost", &Block::lost, "Items lost just before it.")
      .def_readonly("time", &Block::time, "UTC of the first item.")
      .def_readonly("time_is_exact", &Block::time_is_exact)
      .def_readonly("settings_changed", &Block::settings_changed)
      .def_readonly("last", &Block::last, "A recording is over.")
      .def_property_readonly(
          "settings", [](const Block& self) { return std::const_pointer_cast<StreamSettings>(self.shared_settings()); })
      .def_property_readonly("items", &Block::items)
      .def_property_readonly("duration_s", &Block::duration)
      .def("__len__", &Block::items)
      .def("__repr__", [](const Block& self) {
        return "<Block of " + std::to_string(self.items()) + " " +
               std::string(astro::to_string(self.settings().dtype)) + " items from " + std::to_string(self.first) + ">";
      });
}

}  // namespace astro_python
