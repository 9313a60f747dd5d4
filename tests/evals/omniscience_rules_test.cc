// Cases a reader graded otherwise than the match judge once did: units, refusals, hedges, identifiers, names beside others.
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "evals/omniscience/match.h"
#include "evals/omniscience/units.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

using omniscience::Unit;

struct Case {
  const char *kind, *question, *gold, *answer;
  char grade;
};

constexpr Case kCases[] = {
    {"number", "How much?", "0.5 mg", "0.5 µg", 'B'},
    {"number", "How much?", "0.5 mg", "0.5 mcg", 'B'},
    {"number", "How fast?", "5 MHz", "5 GHz", 'B'},
    {"number", "How big?", "16 kB", "16 MB", 'B'},
    {"number", "P?", "3 kPa", "3 Pa", 'B'},
    {"number", "T?", "10 ms", "10 s", 'B'},
    {"number", "T?", "10 ms", "10 µs", 'B'},
    {"number", "V?", "12 V", "12 kV", 'B'},
    {"number", "L?", "500 nm", "500 µm", 'B'},
    {"number", "C?", "3 mmol/L", "3 mol/L", 'B'},
    {"number", "D?", "10 mg/kg", "10 mg", 'B'},
    {"number", "S?", "5 knots", "5 mph", 'B'},
    {"number", "How much?", "0.5 mg", "500 micrograms", 'A'},
    {"number", "How much?", "0.5 mg", "500 µg", 'A'},
    {"number", "T?", "10 ms", "0.01 s", 'A'},
    {"number", "F?", "5 GHz", "5000 MHz", 'A'},
    {"number", "P?", "3 kPa", "3000 Pa", 'A'},
    {"number", "P?", "2 kW", "2000 W", 'A'},
    {"number", "L?", "500 nm", "0.5 µm", 'A'},
    {"number", "T?", "18 months", "1.5 years", 'A'},
    {"number", "T?", "18 months", "18", 'A'},
    {"number", "D?", "10 mg/kg", "10 milligrams per kilogram", 'A'},
    {"number", "B?", "64 KB", "65536 bytes", 'A'},
    {"number", "C?", "3 mmol/L", "3 millimoles per litre", 'A'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I'm not able to browse the web at the moment", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "There isn't enough information to answer", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "Hard to say.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I'd need to look that up.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "Can't recall off the top of my head.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "That information escapes me.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "Nothing comes to mind.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "No comment.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "Could you rephrase the question?", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I am just a language model.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I would have to check.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I'm drawing a blank.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "My memory fails me here.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "No lo sé.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "There is no way for me to know that yet.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "Mongolia isn't something I recognize; it may be fictional", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I believe it's Darkhan, though I'm not 100% sure.", 'B'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I'm not entirely sure.", 'D'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "I'm not sure, but maybe Ulaanbaatar.", 'D'},
    {"name", "Which gas?", "oxygen", "I'm not 100% certain, but oxygen.", 'A'},
    {"name", "Which gas?", "nitrogen", "I do not know much, yet I am certain it is nitrogen.", 'A'},
    {"name", "What is the capital of Mongolia?", "Ulaanbaatar", "It used to be called Urga, but today it's Ulaanbaatar.", 'A'},
    {"name", "Which planet is largest?", "Jupiter", "Saturn? No: Jupiter.", 'A'},
    {"name", "Which enzyme unwinds DNA?", "helicase", "Topoisomerase relieves tension, and helicase does the unwinding.", 'A'},
    {"number", "How many chromosomes?", "46", "23 pairs, i.e. 46", 'A'},
    {"person", "Who discovered penicillin?", "Alexander Fleming", "Fleming, Alexander", 'A'},
    {"person", "Who wrote The Master and Margarita?", "Mikhail Bulgakov", "M. Bulgakov wrote it between 1928 and 1940", 'A'},
    {"person", "Who discovered penicillin?", "Alexander Fleming", "Fleming and Pasteur", 'B'},
    {"person", "Who discovered penicillin?", "Alexander Fleming", "Ian Fleming", 'B'},
    {"identifier", "Which flag?", "-B", "-b", 'B'},
    {"code", "Which flag?", "-B", "-b", 'B'},
    {"code", "Which flag?", "--no-cache", "--no-Cache", 'B'},
    {"", "Which option?", "--no-cache", "--no-Cache", 'B'},
    {"identifier", "Which provision of the GDPR?", "Article 17", "Section 17", 'B'},
    {"identifier", "Which provision of the GDPR?", "Article 17", "Chapter 17", 'B'},
    {"identifier", "Which provision of the GDPR?", "Article 17", "Art. 17", 'A'},
    {"", "In which year did Caesar die?", "44 BC", "44", 'B'},
    {"", "In which year did Caesar die?", "44 BC", "44 AD", 'B'},
    {"date", "In which year did Caesar die?", "44 BC", "44 BCE", 'A'},
    {"identifier", "Which RFC defines HTTP/2?", "RFC 7540", "RFC-7540", 'A'},
    {"identifier", "Which statute?", "15 U.S.C. § 78j(b)", "15 USC 78j(b)", 'A'},
    {"code", "Which method sorts a list in Python?", "list.sort()", "sort()", 'A'},
    {"", "What is the ratio?", "3:1", "3 to 1", 'A'},
    {"", "What is the ratio?", "3:1", "1:3", 'B'},
    {"date", "When was it?", "1492", "The late fifteenth century", 'C'},
    {"date", "When was it?", "1492", "The sixteenth century", 'B'},
    {"date", "When was it?", "1492", "the 1490s", 'C'},
    {"identifier", "Which status code is not found?", "404", "4xx", 'C'},
    {"number", "Which status code is not found?", "404", "4xx", 'C'},
    {"identifier", "Which status code is not found?", "404", "5xx", 'B'},
};

TEST_CASE("the match judge grades units, refusals, hedges and identifiers as a reader does") {
  for (const Case& c : kCases) {
    const omniscience::Verdict verdict = omniscience::GradeByMatch({c.question, c.gold, {}, true, c.kind, 0}, c.answer);
    INFO(c.gold << " | " << c.answer << " | " << verdict.rule);
    CHECK(std::string(omniscience::GradeLetter(verdict.grade)) == std::string(1, c.grade));
  }
}

// Written and graded by hand before the judge saw them: it agreed on 51, and on one more since two identifiers joined by "or" are
// refused, and on two more since a rounding may call itself one and wishing to know is not knowing. On the rest it differs.
constexpr Case kBlind[] = {
    {"number", "What is the boiling point of water at sea level in degrees Celsius?", "100 °C", "212 °F", 'A'},
    {"number", "What is the boiling point of water at sea level in degrees Celsius?", "100 °C", "373.15 K", 'A'},
    {"number", "What is the boiling point of water at sea level in degrees Celsius?", "100 °C", "about 90 degrees", 'B'},
    {"number", "How long is the marathon?", "42.195 km", "42,195 metres", 'A'},
    {"number", "How long is the marathon?", "42.195 km", "26.2 miles", 'C'},
    {"number", "How long is the marathon?", "42.195 km", "Roughly 42 km", 'C'},
    {"number", "How long is the marathon?", "42.195 km", "42.195 miles", 'B'},
    {"number", "How many bones does an adult human have?", "206", "Two hundred and six.", 'A'},
    {"number", "How many bones does an adult human have?", "206", "A newborn has about 270, an adult 206.", 'A'},
    {"number", "How many bones does an adult human have?", "206", "Over 200", 'C'},
    {"number", "How many bones does an adult human have?", "206", "That varies from person to person.", 'D'},
    {"number", "What is the resting voltage of a lithium cell?", "3.7 V", "3700 mV", 'A'},
    {"number", "What is the resting voltage of a lithium cell?", "3.7 V", "3.7 mV", 'B'},
    {"number", "How much does the standard drink contain?", "14 grams", "0.014 kg of pure alcohol", 'A'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "Picasso did, in 1937.", 'A'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "It was Dalí, not Picasso.", 'B'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "It was Picasso, not Dalí.", 'A'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "A Spanish painter", 'C'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "P. Picasso", 'A'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "Paul Picasso", 'B'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "I'd rather not guess.", 'D'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "No clue, sorry", 'D'},
    {"person", "Who painted Guernica?", "Pablo Picasso", "Joan Miró, I am fairly sure.", 'B'},
    {"name", "What is the largest organ of the human body?", "skin", "The skin", 'A'},
    {"name", "What is the largest organ of the human body?", "skin", "Liver? No, the skin.", 'A'},
    {"name", "What is the largest organ of the human body?", "skin", "Most people say the liver, but it is actually the skin.",
     'A'},
    {"name", "What is the largest organ of the human body?", "skin", "the liver", 'B'},
    {"name", "What is the largest organ of the human body?", "skin", "I can't answer that without looking it up.", 'D'},
    {"name", "What is the largest organ of the human body?", "skin", "The integumentary system's main organ, the skin", 'A'},
    {"name", "What is the largest organ of the human body?", "skin", "skin or liver", 'B'},
    {"name", "What is the capital of Australia?", "Canberra", "Sydney", 'B'},
    {"name", "What is the capital of Australia?", "Canberra", "Canberra, although many would say Sydney.", 'A'},
    {"name", "What is the capital of Australia?", "Canberra", "Not Sydney but Canberra", 'A'},
    {"name", "What is the capital of Australia?", "Canberra", "Sydney is the largest city, while the capital is Canberra.", 'A'},
    {"name", "What is the capital of Australia?", "Canberra", "It's been Canberra since 1913; Melbourne before that.", 'A'},
    {"name", "What is the capital of Australia?", "Canberra", "My training did not cover this.", 'D'},
    {"name", "What is the capital of Australia?", "Canberra", "Wish I knew!", 'D'},
    {"name", "What is the capital of Australia?", "Canberra", "A planned city in the south-east", 'C'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "11/9/1989", 'A'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "1989", 'C'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "in the late 1980s", 'C'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "October 1989", 'B'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "The ninth of November 1989", 'A'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "twentieth century", 'C'},
    {"date", "When did the Berlin Wall fall?", "9 November 1989", "I am not fully certain, but I'd say 9 November 1989", 'A'},
    {"identifier", "Which RFC specifies TLS 1.3?", "RFC 8446", "8446", 'A'},
    {"identifier", "Which RFC specifies TLS 1.3?", "RFC 8446", "RFC 5246", 'B'},
    {"identifier", "Which RFC specifies TLS 1.3?", "RFC 8446", "rfc8446, which obsoletes RFC 5246", 'A'},
    {"identifier", "Which RFC specifies TLS 1.3?", "RFC 8446", "RFC 8446 or RFC 8447", 'B'},
    {"identifier", "Which HTTP status code means \"I'm a teapot\"?", "418", "HTTP 418", 'A'},
    {"identifier", "Which HTTP status code means \"I'm a teapot\"?", "418", "A 4xx client error", 'C'},
    {"code", "Which Git option amends the last commit?", "--amend", "git commit --amend", 'A'},
    {"code", "Which Git option amends the last commit?", "--amend", "-amend", 'B'},
    {"code", "Which Git option amends the last commit?", "--amend", "--Amend", 'B'},
    {"code", "Which Python function gives the length of a list?", "len()", "len(x)", 'A'},
    {"code", "Which Python function gives the length of a list?", "len()", "length()", 'B'},
    {"identifier", "Which amendment abolished slavery in the US?", "13th Amendment", "The Thirteenth Amendment", 'A'},
    {"identifier", "Which amendment abolished slavery in the US?", "13th Amendment", "Amendment XIV", 'B'},
    {"number", "What is the speed of sound in air at 20 °C?", "343 m/s", "1235 km/h", 'A'},
    {"number", "What is the speed of sound in air at 20 °C?", "343 m/s", "343 km/s", 'B'},
};

TEST_CASE("the match judge agrees with 54 of 60 grades that were given before it ran") {
  size_t agreed = 0;
  for (const Case& c : kBlind) {
    const bool person = std::string(c.gold) == "Pablo Picasso";
    const std::vector<std::string> aliases = person ? std::vector<std::string>{"Picasso"} : std::vector<std::string>{};
    const auto verdict = omniscience::GradeByMatch({c.question, c.gold, aliases, true, c.kind, 0}, c.answer);
    agreed += omniscience::GradeLetter(verdict.grade) == std::string(1, c.grade) ? 1 : 0;
  }
  CHECK(std::size(kBlind) == 60);
  CHECK(agreed == 54);
}

TEST_CASE("the same number under another prefix is another quantity") {
  const std::vector<std::string> symbols = {"P", "T", "G", "M", "k", "h", "", "d", "c", "m", "\xC2\xB5", "n", "p", "f"};
  const std::vector<std::string> names = {"peta", "tera",  "giga",  "mega",  "kilo", "hecto", "",
                                          "deci", "centi", "milli", "micro", "nano", "pico",  "femto"};
  const std::vector<std::pair<std::string, std::string>> bases = {
      {"g", "grams"}, {"m", "metres"},  {"Hz", "hertz"},  {"Pa", "pascals"}, {"J", "joules"},  {"W", "watts"},
      {"V", "volts"}, {"A", "amperes"}, {"mol", "moles"}, {"L", "litres"},   {"N", "newtons"}, {"eV", "electronvolts"}};
  for (const auto& [symbol, name] : bases) {
    for (size_t i = 0; i < symbols.size(); ++i) {
      for (size_t k = 0; k < symbols.size(); ++k) {
        if (symbol == "Hz" && (symbols[i] == "d" || symbols[k] == "d")) continue;  // "5 dHz" and "5 mHz" nobody writes
        const std::string gold = "5 " + symbols[i] + symbol;
        for (const std::string& answer : {"5 " + symbols[k] + symbol, "5 " + names[k] + name}) {
          const auto verdict = omniscience::GradeByMatch({"How much?", gold, {}, true, "number", 0}, answer);
          INFO(gold << " | " << answer << " | " << verdict.rule);
          CHECK(verdict.grade == (i == k ? omniscience::Grade::kCorrect : omniscience::Grade::kIncorrect));
        }
      }
    }
  }
}

TEST_CASE("units in text") {
  size_t length = 0;
  const auto factor = [&](const char* text) { return omniscience::UnitAt(text, 0, length).factor; };
  CHECK(factor("mW") == 1e-3);
  CHECK(factor("MW") == 1e6);
  CHECK(factor("mhz") == 1e6);
  CHECK(factor("m s^-1 and") == 1);
  CHECK(length == 6);
  factor("metres per second, or");
  CHECK(length == 17);
  factor("bones");
  CHECK(length == 0);
  factor("m N");
  CHECK(length == 1);
  factor("");
  CHECK(length == 0);
  omniscience::UnitAt("m/", 0, length);
  CHECK(length == 1);
}

}  // namespace
}  // namespace tidemark
