// What a resumed run reads: any bytes give the lines that are kept, or an Error, and what is kept is read again the same.
#include "engine/core/error.h"
#include "evals/journal.h"
#include "evals/responses.h"

namespace {

void Check(const std::string& content) {
  try {
    const tidemark::JournalContent found = tidemark::ParseJournal(content, "fuzz");
    if (found.whole_bytes > content.size() || found.rows.size() != found.lines.size()) __builtin_trap();
    size_t bytes = 0;
    for (const std::string_view line : found.lines) bytes += line.size();
    if (bytes != found.whole_bytes) __builtin_trap();
    const std::string kept = content.substr(0, found.whole_bytes);
    if (tidemark::ParseJournal(kept, "fuzz").rows.size() != found.rows.size()) __builtin_trap();
    // Lines of one run only: what passes has not one of another.
    const tidemark::Origin own{"0123456789abcdef", "t", ""};
    tidemark::CheckJournal(found, own, "fuzz");
    for (const tidemark::StoredResponse& row : found.rows) {
      if (!(row.origin == own)) __builtin_trap();
    }
  } catch (const tidemark::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Check(text);
  // The check over each line keeps strangers out; with it put right, every line that is an object reaches the reader behind it.
  std::string checked;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    const auto row = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    checked += row.is_object() && !row.empty() ? tidemark::CheckedLine(row) : line + "\n";
    begin = end + 1;
  }
  Check(checked);
  return 0;
}
