#include "engine/tokenizer/char_class.h"

#include <unicode/uchar.h>

#include <algorithm>

namespace tidemark {
namespace {

constexpr size_t kCodePoints = 0x110000;

uint8_t ClassOfCategory(UCharCategory category) {
  const uint32_t mask = U_MASK(category);
  if (mask & U_GC_L_MASK) return kCharLetter;
  if (mask & U_GC_N_MASK) return kCharNumber;
  return kCharOther;
}

}  // namespace

CharClassTable::CharClassTable() {
  std::vector<uint8_t> flat(kCodePoints, kCharOther);
  u_enumCharTypes(
      [](const void* context, UChar32 start, UChar32 limit, UCharCategory category) -> UBool {
        uint8_t* const classes = *static_cast<uint8_t* const*>(context);
        std::fill(classes + start, classes + limit, ClassOfCategory(category));
        return true;
      },
      std::array<uint8_t*, 1>{flat.data()}.data());
  // All White_Space lies in these planes' beginnings: Latin-1, Ogham, General Punctuation, CJK Symbols.
  for (UChar32 c = 0; c < 0x3100; ++c) {
    if (u_isUWhiteSpace(c)) flat[c] = kCharSpace;
  }
  flat['\r'] = flat['\n'] = kCharSpace | kCharNewline;

  for (size_t block = 0; block < index_.size(); ++block) {
    const auto begin = flat.begin() + static_cast<ptrdiff_t>(block * 256);
    size_t found = 0;
    while (found * 256 < blocks_.size() && !std::equal(begin, begin + 256, blocks_.begin() + static_cast<ptrdiff_t>(found * 256)))
      ++found;
    if (found * 256 == blocks_.size()) blocks_.insert(blocks_.end(), begin, begin + 256);
    index_[block] = static_cast<uint16_t>(found);
  }
}

bool IsWordCharacter(char32_t c) {
  const auto code_point = static_cast<UChar32>(c);
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(code_point) || (U_GET_GC_MASK(code_point) & kCategories) != 0 ||
         u_hasBinaryProperty(code_point, UCHAR_JOIN_CONTROL);
}

}  // namespace tidemark
