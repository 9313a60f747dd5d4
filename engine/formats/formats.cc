// The table of storage formats. A new one is a file that defines a FormatEntry, and a row here.
#include "engine/formats/formats.h"

#include <array>

namespace tidemark {
namespace {

// Floats first, then by bits per weight within each family.
constexpr std::array kEntries = {
    &kF32,           &kF16,           &kBf16,          &kQ8_0,          &kQ4_0,          &kQ4_1,          &kQ5_0,
    &kQ5_1,          &kQ2_K,          &kQ3_K,          &kQ4_K,          &kQ5_K,          &kQ6_K,          &kIq4Nl,
    &kIq4Xs,         &kMxfp4,         &kMlxAffine[0],  &kMlxAffine[1],  &kMlxAffine[2],  &kMlxAffine[3],  &kMlxAffine[4],
    &kMlxAffine[5],  &kMlxAffine[6],  &kMlxAffine[7],  &kMlxAffine[8],  &kMlxAffine[9],  &kMlxAffine[10], &kMlxAffine[11],
    &kMlxAffine[12], &kMlxAffine[13], &kMlxAffine[14], &kMlxAffine[15], &kMlxAffine[16], &kMlxAffine[17],
};

constexpr auto kFormats = [] {
  std::array<const Format*, kEntries.size()> formats{};
  for (size_t i = 0; i < formats.size(); ++i) formats[i] = &kEntries[i]->format;
  return formats;
}();

}  // namespace

std::span<const FormatEntry* const> AllFormatEntries() { return kEntries; }

std::span<const Format* const> AllFormats() { return kFormats; }

const Format* FindFormat(std::string_view name) {
  for (const Format* format : kFormats) {
    if (format->name == name) return format;
  }
  return nullptr;
}

const Format* FindGgmlFormat(int ggml_type) {
  if (ggml_type < 0) return nullptr;  // -1 marks formats that do not occur in GGUF
  for (const Format* format : kFormats) {
    if (format->ggml_type == ggml_type) return format;
  }
  return nullptr;
}

}  // namespace tidemark
