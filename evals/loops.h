// A text that repeats itself until its budget is gone: the commonest way in which a small model fails to answer, and worth
// telling apart from an answer that was merely too long.
#ifndef TIDEMARK_EVALS_LOOPS_H_
#define TIDEMARK_EVALS_LOOPS_H_

#include <cstddef>
#include <string_view>

#include "evals/text_model.h"

namespace tidemark {

struct Repetition {
  size_t period = 0;  // bytes of the repeated piece
  size_t length = 0;  // bytes at the end of the text that consist of it; 0: no loop
};

inline constexpr size_t kLoopBytes = 256;  // a shorter repetition is a ruler, a row of a table or a laugh
inline constexpr size_t kLoopTimes = 4;    // a refrain may be sung three times in a row

// The longest exact repetition at the very end of a text: its last `length` bytes have the period `period`, with
// length >= max(kLoopBytes, kLoopTimes * period). Bytes, not words, so that it holds for every script; a piece cut short at the
// end counts, as do characters cut short there (U+FFFD, or part of a UTF-8 sequence). Numbered lists and tables with changing
// cells have no period. Time and memory linear in the text: the prefix function of the reversed text (Knuth, Morris, Pratt 1977).
Repetition FindLoop(std::string_view text);

// The text ended at a limit and in a loop. An answer that ended by itself may repeat what it likes.
bool EndedInLoop(const Completion& completion);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_LOOPS_H_
