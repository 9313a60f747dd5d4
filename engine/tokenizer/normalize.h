// Unicode normalisation form C (UAX #15) over UTF-8, by ICU.
#ifndef TIDEMARK_ENGINE_TOKENIZER_NORMALIZE_H_
#define TIDEMARK_ENGINE_TOKENIZER_NORMALIZE_H_

#include <string>
#include <string_view>

namespace tidemark {

// True if all characters are below U+0300 and so cannot change; false says nothing. text is valid UTF-8.
bool IsTriviallyNfc(std::string_view text);

// text is valid UTF-8. Throws Error if ICU's data are missing.
std::string NormalizeNfc(std::string_view text);

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_TOKENIZER_NORMALIZE_H_
