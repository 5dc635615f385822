// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

/// FITS files by hand.
namespace astro::testing {

inline std::string card(const std::string& name, const std::string& value) {
  const std::string text = name + std::string(8 - name.size(), ' ') + "= " + value;
  return text + std::string(80 - text.size(), ' ');
}

/// To whole blocks.
inline std::string padded(std::string bytes, char with_what) {
  bytes.resize((bytes.size() + 2879) / 2880 * 2880, with_what);
  return bytes;
}

/// A header with its data.
inline std::string fits_unit(const std::string& cards, const std::string& data) {
  return padded(cards + "END", ' ') + padded(data, '\0');
}

/// 4 x 2 whole numbers by Rice's code, worked out by hand: 5 5 5 5 and 10 9 11 11, to be halved.
inline std::string compressed_image(const std::string& more = "") {
  const std::string primary = card("SIMPLE", "T") + card("BITPIX", "8") + card("NAXIS", "0");
  const std::string table = card("XTENSION", "'BINTABLE'") + card("BITPIX", "8") + card("NAXIS", "2") +
                            card("NAXIS1", "8") + card("NAXIS2", "2") + card("PCOUNT", "7") + card("GCOUNT", "1") +
                            card("TFIELDS", "1") + card("TTYPE1", "'COMPRESSED_DATA'") + card("TFORM1", "'1PB(4)'");
  const std::string image = card("ZIMAGE", "T") + card("ZCMPTYPE", "'RICE_1'") + card("ZBITPIX", "16") +
                            card("ZNAXIS", "2") + card("ZNAXIS1", "4") + card("ZNAXIS2", "2") +
                            card("ZNAME1", "'BLOCKSIZE'") + card("ZVAL1", "32") + card("ZNAME2", "'BYTEPIX'") +
                            card("ZVAL2", "2") + card("BSCALE", "0.5");
  const std::string rows("\0\0\0\3\0\0\0\0\0\0\0\4\0\0\0\3", 16);
  const std::string heap("\x00\x05\x00\x00\x0A\x2B\x28", 7);
  return fits_unit(primary, "") + fits_unit(table + image + more, rows + heap);
}

}  // namespace astro::testing
