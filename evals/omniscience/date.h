// Dates in running text: "14 July 1789", "July 14th, 1789", "1789-07-14", "14/07/1789", "the 1780s", "44 BC".
#ifndef TIDEMARK_EVALS_OMNISCIENCE_DATE_H_
#define TIDEMARK_EVALS_OMNISCIENCE_DATE_H_

#include <string_view>
#include <vector>

#include "evals/omniscience/text.h"

namespace tidemark::omniscience {

struct Date {
  int year = 0, month = 0, day = 0;  // 0: not given; negative years are before the common era
  bool decade = false;               // "1780s": some year from `year` on
  bool century = false;              // "18th century": some year from `year` on
  bool swappable = false;            // digits alone: day and month may be the other way round
  size_t word = 0, words = 0;        // where in the text: first word and number of words
};

// From left to right, at most 64. Whether a day exists in its month is not checked; months and days are in range.
std::vector<Date> FindDates(const Words& words);

enum class DateMatch { kEqual, kCoarser, kFiner, kDifferent };  // the answer is less / more precise but agrees
DateMatch CompareDates(const Date& gold, const Date& answer);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_DATE_H_
