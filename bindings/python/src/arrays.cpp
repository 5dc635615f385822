// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"

#include <complex>
#include <cstring>

namespace astro_python {
namespace {

using astro::Dtype;

bool is_pair(Dtype dtype) { return dtype == Dtype::cu8 || dtype == Dtype::ci8 || dtype == Dtype::ci16; }

std::optional<Dtype> plain_dtype(const py::dtype& dtype) {
  switch (dtype.kind()) {
    case 'f':
      return dtype.itemsize() == 4   ? std::optional(Dtype::f32)
             : dtype.itemsize() == 8 ? std::optional(Dtype::f64)
                                     : std::nullopt;
    case 'c':
      return dtype.itemsize() == 8 ? std::optional(Dtype::cf32) : std::nullopt;
    case 'u':
      return dtype.itemsize() == 1   ? std::optional(Dtype::u8)
             : dtype.itemsize() == 2 ? std::optional(Dtype::u16)
                                     : std::nullopt;
    case 'i':
      switch (dtype.itemsize()) {
        case 1:
          return Dtype::i8;
        case 2:
          return Dtype::i16;
        case 4:
          return Dtype::i32;
        default:
          return Dtype::i64;
      }
    default:
      return std::nullopt;
  }
}

[[noreturn]] void throw_unknown(const py::array& array) {
  throw py::type_error("an array of " + py::cast<std::string>(py::str(array.dtype())) +
                       " has no counterpart: use complex64, float32, float64, uint8, uint16 or signed integers");
}

}  // namespace

py::dtype numpy_dtype(Dtype dtype) {
  switch (dtype) {
    case Dtype::u8:
    case Dtype::cu8:
      return py::dtype::of<std::uint8_t>();
    case Dtype::i8:
    case Dtype::ci8:
      return py::dtype::of<std::int8_t>();
    case Dtype::i16:
    case Dtype::ci16:
      return py::dtype::of<std::int16_t>();
    case Dtype::u16:
      return py::dtype::of<std::uint16_t>();
    case Dtype::i32:
      return py::dtype::of<std::int32_t>();
    case Dtype::i64:
      return py::dtype::of<std::int64_t>();
    case Dtype::f32:
      return py::dtype::of<float>();
    case Dtype::f64:
      return py::dtype::of<double>();
    case Dtype::cf32:
      return py::dtype::of<std::complex<float>>();
  }
  throw astro::Error(astro::ErrorCode::internal, "a dtype that numpy_dtype does not know");
}

std::vector<py::ssize_t> numpy_shape(Dtype dtype, std::span<const std::size_t> shape) {
  std::vector<py::ssize_t> made(shape.begin(), shape.end());
  if (is_pair(dtype)) made.push_back(2);
  return made;
}

py::array view(const void* data, Dtype dtype, std::span<const std::size_t> shape, const py::object& owner,
               bool writable) {
  py::array array(numpy_dtype(dtype), numpy_shape(dtype, shape), data, owner);
  if (!writable) array.attr("flags").attr("writeable") = false;
  return array;
}

Dtype sample_dtype(const py::array& array) {
  const std::optional<Dtype> plain = plain_dtype(array.dtype());
  if (!plain) throw_unknown(array);
  if (array.ndim() != 2 || array.shape(1) != 2) return *plain;
  switch (*plain) {
    case Dtype::u8:
      return Dtype::cu8;
    case Dtype::i8:
      return Dtype::ci8;
    case Dtype::i16:
      return Dtype::ci16;
    default:
      return *plain;
  }
}

astro::Array array_from(py::handle object) {
  py::array array = py::array::ensure(object, py::array::c_style);
  if (!array) throw py::error_already_set();
  if (array.dtype().kind() == 'c' && array.itemsize() == 16) array = array.attr("astype")("complex64");
  const std::optional<Dtype> dtype = plain_dtype(array.dtype());
  if (!dtype) throw_unknown(array);
  astro::Array made{
      *dtype, {array.shape(), array.shape() + array.ndim()}, astro::Bytes(static_cast<std::size_t>(array.nbytes()))};
  if (array.nbytes() > 0) std::memcpy(made.bytes.data(), array.data(), made.bytes.size());
  return made;
}

}  // namespace astro_python
