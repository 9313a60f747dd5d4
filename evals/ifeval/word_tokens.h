// Words as the Treebank tokenizer of NLTK 3.9.1 cuts them: a chain of rewritings that put blanks around punctuation, quotes
// and contractions, then a split at whitespace. Source: nltk/tokenize/destructive.py and treebank.py (MacIntyre's script).
#ifndef TIDEMARK_EVALS_IFEVAL_WORD_TOKENS_H_
#define TIDEMARK_EVALS_IFEVAL_WORD_TOKENS_H_

#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

// The tokens of one sentence, in order; quotes appear as `` and ''. Linear time.
std::vector<std::u32string> WordTokens(std::u32string_view sentence);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_WORD_TOKENS_H_
