#include "evals/omniscience/units.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "evals/omniscience/text.h"

namespace tidemark::omniscience {
namespace {

using Powers = std::array<int8_t, 7>;  // m, kg, s, A, K, mol, bit

struct Row {
  std::string_view symbols;  // separated by '|', case counts
  std::string_view names;    // lower case; several words are allowed in units without prefixes only
  Powers powers;
  std::string_view kind;
  double factor;
  double offset = 0;
};

// Units that take prefixes.
constexpr Row kBases[] = {
    {"m", "metre|metres|meter|meters", {1}, "", 1},
    {"g", "gram|grams|gramme|grammes", {0, 1}, "", 1e-3},
    {"s", "second|seconds", {0, 0, 1}, "", 1},
    {"Hz", "hertz", {0, 0, -1}, "", 1},
    {"B", "byte|bytes", {0, 0, 0, 0, 0, 0, 1}, "", 8},
    {"bit|b", "bit|bits", {0, 0, 0, 0, 0, 0, 1}, "", 1},
    {"bps", "", {0, 0, -1, 0, 0, 0, 1}, "", 1},
    {"Pa", "pascal|pascals", {-1, 1, -2}, "", 1},
    {"J", "joule|joules", {2, 1, -2}, "", 1},
    {"W", "watt|watts", {2, 1, -3}, "", 1},
    {"Wh", "watthour|watthours", {2, 1, -2}, "", 3600},
    {"V", "volt|volts", {2, 1, -3, -1}, "", 1},
    {"A", "ampere|amperes|amp|amps", {0, 0, 0, 1}, "", 1},
    {"Ah", "", {0, 0, 1, 1}, "", 3600},
    {"mol", "mole|moles", {0, 0, 0, 0, 0, 1}, "", 1},
    {"M", "molar", {-3, 0, 0, 0, 0, 1}, "", 1e3},
    {"L|l", "litre|litres|liter|liters", {3}, "", 1e-3},
    {"N", "newton|newtons", {1, 1, -2}, "", 1},
    {"eV", "electronvolt|electronvolts", {2, 1, -2}, "", 1.602176634e-19},
    {"cal", "calorie|calories", {2, 1, -2}, "", 4.184},
    {"K", "kelvin|kelvins", {0, 0, 0, 0, 1}, "", 1},
    {"\xCE\xA9|\xE2\x84\xA6", "ohm|ohms", {2, 1, -3, -2}, "", 1},
    {"T", "tesla|teslas", {0, 1, -2, -1}, "", 1},
    {"F", "farad|farads", {-2, -1, 4, 2}, "", 1},
    {"C", "coulomb|coulombs", {0, 0, 1, 1}, "", 1},
    {"H", "henry|henries|henrys", {2, 1, -2, -2}, "", 1},
    {"Sv", "sievert|sieverts", {2, 0, -2}, "sievert", 1},
    {"Gy", "gray|grays", {2, 0, -2}, "gray", 1},
    {"Bq", "becquerel|becquerels", {0, 0, -1}, "becquerel", 1},
    {"bar", "bar|bars", {-1, 1, -2}, "", 1e5},
    {"pc", "parsec|parsecs", {1}, "", 3.0856775814913673e16},
    {"bp", "", {}, "base pair", 1},
    {"Da", "dalton|daltons", {0, 1}, "", 1.66053906660e-27},
};

constexpr Row kPlain[] = {
    {"", "kilo|kilos|kg", {0, 1}, "", 1},
    {"mcg", "", {0, 1}, "", 1e-9},
    {"kph|kmh", "", {1, 0, -1}, "", 1 / 3.6},
    {"mph", "", {1, 0, -1}, "", 0.44704},
    {"kn|kt|kts", "knot|knots", {1, 0, -1}, "", 1852.0 / 3600},
    {"ha", "hectare|hectares", {2}, "", 1e4},
    {"", "acre|acres", {2}, "", 4046.8564224},
    {"", "inch|inches", {1}, "", 0.0254},
    {"ft", "foot|feet", {1}, "", 0.3048},
    {"yd", "yard|yards", {1}, "", 0.9144},
    {"mi", "mile|miles", {1}, "", 1609.344},
    {"nmi", "nautical mile|nautical miles", {1}, "", 1852},
    {"", "micron|microns", {1}, "", 1e-6},
    {"\xC3\x85", "angstrom|angstroms", {1}, "", 1e-10},
    {"ly", "light year|light years|light-year|light-years", {1}, "", 9460730472580800.0},
    {"AU|au", "astronomical unit|astronomical units", {1}, "", 149597870700.0},
    {"", "tonne|tonnes|metric ton|metric tons", {0, 1}, "", 1e3},
    {"lb|lbs", "", {0, 1}, "", 0.45359237},
    {"oz", "ounce|ounces", {0, 1}, "", 0.028349523125},
    {"", "sec|secs", {0, 0, 1}, "", 1},
    {"min|mins", "minute|minutes", {0, 0, 1}, "", 60},
    {"h|hr|hrs", "hour|hours", {0, 0, 1}, "", 3600},
    {"", "day|days", {0, 0, 1}, "", 86400},
    {"wk", "week|weeks", {0, 0, 1}, "", 604800},
    {"", "month|months", {0, 0, 1}, "", 31557600.0 / 12},
    {"yr|yrs", "year|years", {0, 0, 1}, "", 31557600},
    {"", "decade|decades", {0, 0, 1}, "", 315576000},
    {"", "century|centuries", {0, 0, 1}, "", 3155760000.0},
    {"",
     "\xC2\xB0"
     "c|degrees celsius|degree celsius|celsius|degrees c",
     {0, 0, 0, 0, 1},
     "",
     1,
     273.15},
    {"",
     "\xC2\xB0"
     "f|degrees fahrenheit|fahrenheit|degrees f",
     {0, 0, 0, 0, 1},
     "",
     5.0 / 9,
     459.67 * 5 / 9},
    {"", "electron volt|electron volts", {2, 1, -2}, "", 1.602176634e-19},
    {"", "watt hour|watt hours|watt-hour|watt-hours", {2, 1, -2}, "", 3600},
    {"", "kilowatt hour|kilowatt hours|kilowatt-hour|kilowatt-hours", {2, 1, -2}, "", 3.6e6},
    {"atm", "atmosphere|atmospheres", {-1, 1, -2}, "", 101325},
    {"", "mmhg|mm hg|torr", {-1, 1, -2}, "", 133.322387415},
    {"psi", "", {-1, 1, -2}, "", 6894.757293168},
    {"hp", "horsepower", {2, 1, -3}, "", 745.6998715822702},
    {"rpm", "", {0, 0, -1}, "revolution", 1.0 / 60},
    {"", "revolution|revolutions", {}, "revolution", 1},
    {"bpm", "", {0, 0, -1}, "beat", 1.0 / 60},
    {"", "beat|beats", {}, "beat", 1},
    {"fps", "", {0, 0, -1}, "frame", 1},
    {"", "frame|frames", {}, "frame", 1},
    {"", "base pair|base pairs", {}, "base pair", 1},
    {"%", "percent|per cent", {}, "percent", 1},
    {"\xE2\x80\xB0", "per mille|per mil", {}, "percent", 0.1},
    {"ppm", "parts per million", {}, "percent", 1e-4},
    {"ppb", "parts per billion", {}, "percent", 1e-7},
    {"\xC2\xB0", "degree|degrees", {}, "angle", 1},
    {"rad", "radian|radians", {}, "angle", 57.29577951308232},
    {"dB", "decibel|decibels", {}, "decibel", 1},
    {"px", "pixel|pixels", {}, "pixel", 1},
    {"", "gallon|gallons", {}, "gallon", 1},
    {"am", "", {}, "before noon", 1},
    {"$|US$|USD", "dollar|dollars|usd|us dollars|us dollar|us$", {}, "dollar", 1},
    {"", "\xE2\x82\xAC|euro|euros|eur", {}, "euro", 1},
    {"", "\xC2\xA3|gbp|pounds sterling", {}, "sterling", 1},
    {"", "\xC2\xA5|yen|jpy", {}, "yen", 1},
};

struct Prefix {
  std::string_view symbol, name;
  int power;
};
// Without the symbols of 10^1, 10^-18 and below: "as" and "dam" are words more often than units.
constexpr Prefix kPrefixes[] = {
    {"", "yotta", 24},  {"", "zetta", 21},  {"E", "exa", 18},   {"P", "peta", 15},         {"T", "tera", 12},
    {"G", "giga", 9},   {"M", "mega", 6},   {"k", "kilo", 3},   {"h", "hecto", 2},         {"", "deca", 1},
    {"d", "deci", -1},  {"c", "centi", -2}, {"m", "milli", -3}, {"\xC2\xB5", "micro", -6}, {"\xCE\xBC", "micro", -6},
    {"u", "micro", -6}, {"n", "nano", -9},  {"p", "pico", -12}, {"f", "femto", -15},       {"", "atto", -18},
};
struct BinaryPrefix {
  std::string_view symbol, name;
  int power;  // of 1024
};
constexpr BinaryPrefix kBinary[] = {{"Ki", "kibi", 1}, {"Mi", "mebi", 2}, {"Gi", "gibi", 3}, {"Ti", "tebi", 4}};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool Listed(std::string_view list, std::string_view name) {
  while (!list.empty() && !name.empty()) {
    const size_t bar = std::min(list.find('|'), list.size());
    if (list.substr(0, bar) == name) return true;
    list.remove_prefix(std::min(list.size(), bar + 1));
  }
  return false;
}

Unit Make(const Row& row, double scale = 1) { return {{row.powers, row.kind}, row.factor * scale, row.offset, 0}; }

bool OfData(const Row& row) { return row.powers[6] != 0; }

Unit Prefixed(const Row& row, int power) {
  Unit unit = Make(row, std::pow(10.0, power));
  if (OfData(row) && power >= 3 && power % 3 == 0 && row.symbols != "bps") unit.binary = row.factor * std::pow(1024.0, power / 3);
  return unit;
}

// Units of a prefix and a base, as written.
std::optional<Unit> ExactToken(std::string_view token) {
  const std::string lower = Lower(token);
  for (const Row& row : kBases) {
    const bool prefix_only = row.symbols == "F" || row.symbols == "C" || row.symbols == "H";  // "98 F" is a temperature
    if ((Listed(row.symbols, token) && !prefix_only) || Listed(row.names, lower)) return Make(row);
    for (const Prefix& p : kPrefixes) {
      if (OfData(row) && p.power < 3) continue;
      if (!p.symbol.empty() && token.starts_with(p.symbol) && Listed(row.symbols, token.substr(p.symbol.size())))
        return Prefixed(row, p.power);
      if (lower.starts_with(p.name) && Listed(row.names, std::string_view(lower).substr(p.name.size())))
        return Prefixed(row, p.power);
    }
    for (const BinaryPrefix& p : kBinary) {
      if (OfData(row) && ((token.starts_with(p.symbol) && Listed(row.symbols, token.substr(2))) ||
                          (lower.starts_with(p.name) && Listed(row.names, std::string_view(lower).substr(p.name.size())))))
        return Make(row, std::pow(1024.0, p.power));
    }
  }
  return std::nullopt;
}

// "mhz", "KG", "mb": case does not tell, so M is mega where a thousandth makes no sense.
std::optional<Unit> LooseToken(std::string_view token) {
  const std::string lower = Lower(token);
  if (token.size() < 2) {
    if (!IsOneOf(lower, {"v", "w", "k"})) return std::nullopt;
    return ExactToken(lower == "v" ? "V" : lower == "w" ? "W" : "K");
  }
  for (const Row& row : kBases) {
    const bool large = OfData(row) || IsOneOf(row.symbols, {"Hz", "eV", "pc"});
    const std::string symbol = Lower(row.symbols.substr(0, row.symbols.find('|')));
    if (symbol.size() > 1 && lower == symbol) return Make(row);
    if (IsOneOf(row.symbols, {"M", "T", "F", "C", "H", "N", "A"}) || lower.size() <= symbol.size()) continue;
    if (!lower.ends_with(symbol)) continue;
    const std::string prefix = lower.substr(0, lower.size() - symbol.size());
    for (const Prefix& p : kPrefixes) {
      if (p.symbol.empty() || Lower(p.symbol) != prefix || p.symbol == "u") continue;
      if ((large && p.power < 3) || (!large && (p.power == 6 || p.power >= 15))) continue;
      return Prefixed(row, p.power);
    }
  }
  return std::nullopt;
}

bool IsMicro(std::string_view two) { return two == "\xC2\xB5" || two == "\xCE\xBC" || two == "\xCE\xA9"; }

// Letters, micro and ohm signs from text[at] on.
size_t TokenLength(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size()) {
    if (IsAsciiLetter(text[end])) {
      ++end;
    } else if (IsMicro(text.substr(end, 2))) {
      end += 2;
    } else if (text.substr(end, 3) == "\xE2\x84\xA6") {
      end += 3;
    } else {
      break;
    }
  }
  return end - at;
}

// The longest name of a unit without prefixes.
size_t PlainAt(std::string_view text, size_t at, Unit& unit) {
  size_t best = 0;
  const std::string lower = Lower(text.substr(at, 40));
  for (const Row& row : kPlain) {
    for (const bool names : {false, true}) {
      const std::string_view where = names ? std::string_view(lower) : text.substr(at);
      std::string_view list = names ? row.names : row.symbols;
      while (!list.empty()) {
        const size_t bar = std::min(list.find('|'), list.size());
        const std::string_view name = list.substr(0, bar);
        list.remove_prefix(std::min(list.size(), bar + 1));
        if (name.size() <= best || !where.starts_with(name)) continue;
        const size_t end = at + name.size();
        if (IsWordByte(name.back()) && end < text.size() && (IsAsciiLetter(text[end]) || IsWordByte(text[end]))) continue;
        best = name.size();
        unit = Make(row);
      }
    }
  }
  return best;
}

void RaiseTo(Unit& unit, int exponent) {
  for (int8_t& p : unit.dimension.powers) p = static_cast<int8_t>(p * exponent);
  unit.factor = std::pow(unit.factor, exponent);
  unit.binary = unit.binary > 0 ? std::pow(unit.binary, exponent) : 0;
}

// "^2", "^-1", "2" behind a symbol, " squared": the exponent, 1 for none, and its length.
int ExponentAt(std::string_view text, size_t at, size_t& length) {
  length = 0;
  const std::string lower = Lower(text.substr(at, 8));
  if (lower == " squared") return length = 8, 2;
  if (lower.starts_with(" cubed")) return length = 6, 3;
  size_t end = at + (text.substr(at, 1) == "^" ? 1 : 0);
  const bool marked = end > at, minus = text.substr(end, 1) == "-" && marked;
  end += minus ? 1 : 0;
  if (end >= text.size() || text[end] < '1' || text[end] > (marked ? '9' : '3')) return 1;
  if (end + 1 < text.size() && IsWordByte(text[end + 1])) return 1;
  length = end + 1 - at;
  return (minus ? -1 : 1) * (text[end] - '0');
}

// One factor with its exponent; `length` 0: none.
Unit FactorAt(std::string_view text, size_t at, bool loose, size_t& length, bool& raised) {
  Unit unit;
  length = 0;
  int power = 1;
  size_t lead = 0;
  const std::string lower = Lower(text.substr(at, 7));
  if (lower == "square ") power = 2, lead = 7;
  if (lower.starts_with("cubic ")) power = 3, lead = 6;
  const size_t token = TokenLength(text, at + lead);
  const size_t plain = PlainAt(text, at + lead, unit);
  size_t end = at + lead + plain;
  if (token > plain || plain == 0) {
    const std::string_view word = text.substr(at + lead, token);
    std::optional<Unit> found = token > 0 && token <= 24 ? ExactToken(word) : std::nullopt;
    if (!found && loose && token > 0 && token <= 8) found = LooseToken(word);
    if (!found && plain == 0) return {};
    if (found) unit = *found, end = at + lead + token;
  }
  size_t exponent_length = 0;
  const int exponent = ExponentAt(text, end, exponent_length);
  raised = exponent_length > 0;
  if (!raised && end < text.size() && IsWordByte(text[end]) && IsWordByte(text[end - 1])) return {};
  if (power * exponent != 1) RaiseTo(unit, power * exponent);
  length = end + exponent_length - at;
  return unit;
}

}  // namespace

Unit UnitAt(std::string_view text, size_t at, size_t& length, bool loose) {
  bool raised = false;
  Unit unit = FactorAt(text, at, loose, length, raised);
  if (length == 0) return {};
  for (int factors = 1; factors < 6; ++factors) {
    const size_t end = at + length;
    const std::string_view rest = text.substr(std::min(end, text.size()));
    size_t lead = 0;
    int sign = 1;
    bool space = false;
    if (rest.starts_with('/')) {
      lead = 1, sign = -1;
    } else if (rest.starts_with(" / ")) {
      lead = 3, sign = -1;
    } else if (rest.starts_with(" per ")) {
      lead = 5, sign = -1;
    } else if (rest.starts_with("\xC2\xB7") || rest.starts_with("\xE2\x8B\x85")) {
      lead = rest.starts_with("\xC2\xB7") ? 2 : 3;
    } else if (rest.starts_with('-') && TokenLength(rest, 1) >= 4) {  // "joule-seconds"
      lead = 1;
    } else if (rest.starts_with(' ')) {
      lead = 1, space = true;
    } else {
      break;
    }
    size_t more = 0;
    bool next_raised = false;
    Unit next = FactorAt(text, end + lead, loose, more, next_raised);
    // "3 m N" is no product: a space joins only what carries an exponent ("m s^-1").
    if (more == 0 || (space && !next_raised) || !next.dimension.kind.empty()) break;
    if (sign < 0) RaiseTo(next, -1);
    for (size_t i = 0; i < unit.dimension.powers.size(); ++i)
      unit.dimension.powers[i] = static_cast<int8_t>(unit.dimension.powers[i] + next.dimension.powers[i]);
    const double plain = unit.factor * next.factor;
    unit.binary = unit.binary > 0 || next.binary > 0
                      ? (unit.binary > 0 ? unit.binary : unit.factor) * (next.binary > 0 ? next.binary : next.factor)
                      : 0;
    if (unit.dimension.empty()) unit.dimension.kind = "share";  // mg/kg
    unit.factor = plain;
    unit.offset = 0;
    length += lead + more;
  }
  return unit;
}

}  // namespace tidemark::omniscience
