// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "astro/value.hpp"
#include "common.hpp"

namespace astro_python {

/// numpy's element type and what is appended to the shape: complex integers are pairs (n, 2).
py::dtype numpy_dtype(astro::Dtype dtype);
std::vector<py::ssize_t> numpy_shape(astro::Dtype dtype, std::span<const std::size_t> shape);

/// Memory as a numpy array without a copy; `owner` lives as long as the array.
py::array view(const void* data, astro::Dtype dtype, std::span<const std::size_t> shape, const py::object& owner,
               bool writable = false);

template <class T>
py::array view(const std::vector<T>& numbers, const py::object& owner) {
  const std::size_t shape[] = {numbers.size()};
  return view(numbers.data(), *astro::detail::dtype_of<T>(), shape, owner);
}

/// A Python object that owns some C++ one, as the base of an array.
template <class T>
py::capsule keep(T kept) {
  return py::capsule(new T(std::move(kept)), [](void* pointer) { delete static_cast<T*>(pointer); });
}

/// Numbers of a Python sequence or array.
template <class T>
std::vector<T> numbers_from(const py::object& object) {
  const py::array_t<T, py::array::c_style | py::array::forcecast> array(object);
  return {array.data(), array.data() + array.size()};
}

/// An array of numpy as one of ours: complex64 is cf32, complex128 is narrowed to it.
astro::Array array_from(py::handle object);
/// Which dtype a contiguous numpy array of samples has: complex64 cf32, uint8 (n, 2) cu8, ...
astro::Dtype sample_dtype(const py::array& array);

}  // namespace astro_python
