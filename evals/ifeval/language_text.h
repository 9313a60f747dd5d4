// Parts of language detection that need no profile: blanking of addresses, and characters that stand for their whole block.
#ifndef TIDEMARK_EVALS_IFEVAL_LANGUAGE_TEXT_H_
#define TIDEMARK_EVALS_IFEVAL_LANGUAGE_TEXT_H_

#include <string>
#include <string_view>

namespace tidemark {

// Each leftmost match becomes one blank. With the classes U = letters, digits and -_.?&~;+=/#, D = letters, digits and -_,
// E = D and the dot (ASCII all):  http[s]://U{1,2076}   and   E{1,64} @ D{1,255} E{1,255}.  Linear time.
std::u32string BlankUrls(std::u32string_view text);
std::u32string BlankMailAddresses(std::u32string_view text);

// The character that counts in place of c, outside Latin-1 and the unified ideographs (those need the tables): ASCII other than
// letters and general punctuation become a blank; hiragana, katakana, bopomofo and hangul one representative each; letters
// with comma below, Farsi yeh and Vietnamese letters their usual spelling. Source: langdetect utils/ngram.py.
char32_t NormalizeByBlock(char32_t c);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_LANGUAGE_TEXT_H_
