// Numbers in running text: "1,234.5", "299 792 458 m/s", "6.022 x 10^23", "twenty-two", "$1.5 billion", "about 50 %".
#ifndef TIDEMARK_EVALS_OMNISCIENCE_QUANTITY_H_
#define TIDEMARK_EVALS_OMNISCIENCE_QUANTITY_H_

#include <string>
#include <string_view>
#include <vector>

#include "evals/omniscience/text.h"
#include "evals/omniscience/units.h"

namespace tidemark::omniscience {

struct Quantity {
  double value = 0;    // in the unit as written, magnitude words applied
  int place = 0;       // power of ten of the last digit written: 0 for 28, -1 for 28.1, 6 for 28 million
  int power = 0;       // of the magnitude word: 6 for "million"
  bool round = false;  // a whole number that ends in a zero, so its last digits may be rounded ("100 million")
  Unit unit;
  bool bound = false;         // "more than", "at least": not a value
  bool approximate = false;   // "about", "roughly", "~"
  bool spelled_one = false;   // the word "one", which is often no number
  bool spelled_part = false;  // "half", "two thirds"
  bool bare = false;          // a whole number of 3 or 4 digits without unit, sign or magnitude: may be a year
  bool range_before = false;  // joined to the previous number by "or", "to", a dash, a slash
  size_t begin = 0, end = 0;  // bytes of the cleaned text, unit included
};

// From left to right, at most 256. A number inside a word or a dotted identifier (v1.2.3, H2O) is none.
std::vector<Quantity> FindQuantities(std::string_view cleaned);

// The unit a question asks for: "in metres", "how many kilometres". Empty dimension: none found.
Unit UnitAskedFor(std::string_view cleaned_question);

// 6 for a question that asks "in millions", 0 for none.
int PowerAskedFor(std::string_view cleaned_question);

// Value in base units.
double InBase(const Quantity& q);

// Value of number words ("two hundred and six", "twenty-second", "dozen") starting at words[i]: how many words, 0 for none.
size_t ParseNumberWords(const std::vector<std::string>& words, size_t i, double& value);

// A year in words, "nineteen eighty-four", "nineteen oh five": how many words, 0 for none.
size_t ParseYearWords(const Words& words, size_t i, double& value);

// "half", "a quarter", "two thirds", "three-quarters": how many words, 0 for none. Not "the first half", "half-life".
size_t ParsePart(const Words& words, size_t i, double& value);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_QUANTITY_H_
