// Units of measurement in running text: SI prefixes times base units, by symbol or by name, products and quotients of them
// ("mg/kg", "metres per second", "m s^-1"), and common units beside the SI. Values: BIPM, The International System of Units.
#ifndef TIDEMARK_EVALS_OMNISCIENCE_UNITS_H_
#define TIDEMARK_EVALS_OMNISCIENCE_UNITS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidemark::omniscience {

// Exponents of metre, kilogram, second, ampere, kelvin, mole, bit; and what is none of these ("percent", "dollar", "angle").
struct Dimension {
  std::array<int8_t, 7> powers{};
  std::string_view kind;
  bool operator==(const Dimension&) const = default;
  bool empty() const { return *this == Dimension(); }
};

struct Unit {
  Dimension dimension;  // empty: no unit, or one that is not in the tables
  double factor = 1;    // in the dimension's base unit
  double offset = 0;    // base = factor * value + offset (temperatures)
  double binary = 0;    // factor with 1024 for each 1000 of the prefix, as "64 KB" is often meant; 0: no such reading
};

// The longest unit that stands at text[at]; its bytes in `length`, 0 for none. Symbols count case (mW is not MW) unless `loose`,
// which also takes what can be meant by one unit only ("mhz", "KG").
Unit UnitAt(std::string_view text, size_t at, size_t& length, bool loose = true);

}  // namespace tidemark::omniscience

#endif  // TIDEMARK_EVALS_OMNISCIENCE_UNITS_H_
