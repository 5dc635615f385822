// SPDX-License-Identifier: BSD-3-Clause
#include "jpeg.hpp"

#include <csetjmp>
#include <cstdio>
#include <string>

// After <cstdio>: it needs it and does not say so.
#include <jpeglib.h>

#include "astro/error.hpp"

namespace camera {

/// The library reports by calling back; what it must not come back from is left by longjmp, since exceptions do not
/// pass through C.
struct Jpeg::State {
  jpeg_error_mgr errors{};  // first: the library's pointer to it is ours
  std::jmp_buf leave{};
  char said[JMSG_LENGTH_MAX] = {};
  jpeg_decompress_struct library{};

  static State& of(j_common_ptr library) { return *reinterpret_cast<State*>(library->err); }
  static void give_up(j_common_ptr library) {
    State& state = of(library);
    (*library->err->format_message)(library, state.said);
    std::longjmp(state.leave, 1);  // NOLINT(cert-err52-cpp)
  }
  static void say_nothing(j_common_ptr) {}

  bool read_header(std::span<const std::byte> image) {
    if (setjmp(leave) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_mem_src(&library, reinterpret_cast<const unsigned char*>(image.data()), image.size());
    jpeg_read_header(&library, TRUE);
    library.out_color_space = library.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_calc_output_dimensions(&library);
    return true;
  }

  bool read_rows(std::uint8_t* into, std::size_t stride) {
    if (setjmp(leave) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_start_decompress(&library);
    while (library.output_scanline < library.output_height) {
      JSAMPROW row = into + library.output_scanline * stride;
      jpeg_read_scanlines(&library, &row, 1);
    }
    jpeg_finish_decompress(&library);
    return errors.num_warnings == 0;
  }

  [[noreturn]] void fail() {
    std::string why = said;
    if (why.empty()) why = "its data are damaged";
    jpeg_abort_decompress(&library);
    throw astro::Error(astro::ErrorCode::invalid_file, "decoding a JPEG: " + why);
  }
};

Jpeg::Jpeg() : state_(std::make_unique<State>()) {
  state_->library.err = jpeg_std_error(&state_->errors);
  state_->errors.error_exit = State::give_up;
  state_->errors.output_message = State::say_nothing;
  jpeg_create_decompress(&state_->library);
}

Jpeg::~Jpeg() { jpeg_destroy_decompress(&state_->library); }

Size Jpeg::size_of(std::span<const std::byte> image) {
  state_->said[0] = '\0';
  if (image.empty() || !state_->read_header(image)) state_->fail();
  const jpeg_decompress_struct& library = state_->library;
  const Size size{library.output_height, library.output_width, static_cast<std::size_t>(library.output_components)};
  jpeg_abort_decompress(&state_->library);
  return size;
}

void Jpeg::decode(std::span<const std::byte> image, const Size& expected, std::span<std::uint8_t> into) {
  if (const Size size = size_of(image); size != expected) {
    throw astro::Error(astro::ErrorCode::invalid_file,
                       "decoding a JPEG: it has " + std::to_string(size.columns) + " x " + std::to_string(size.rows) +
                           " pixels of " + std::to_string(size.planes) + ", expected " +
                           std::to_string(expected.columns) + " x " + std::to_string(expected.rows) + " of " +
                           std::to_string(expected.planes));
  }
  state_->errors.num_warnings = 0;
  if (!state_->read_header(image) || !state_->read_rows(into.data(), expected.columns * expected.planes))
    state_->fail();
}

}  // namespace camera
