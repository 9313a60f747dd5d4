#include "engine/generate/stop_strings.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace tidemark {
namespace {

// Feeds text in pieces of every size and checks that what is shown does not depend on the cut.
void CheckAllCuts(const std::string& text, const std::vector<std::string>& stops, const std::string& expected, bool hit) {
  for (size_t size = 1; size <= text.size(); ++size) {
    StopStringFilter filter(stops);
    std::string shown;
    for (size_t pos = 0; pos < text.size(); pos += size) shown += filter.Add(text.substr(pos, size));
    shown += filter.Finish();
    CHECK(shown == expected);
    CHECK(filter.hit() == hit);
  }
}

TEST_CASE("text is cut before the first stop string wherever the pieces end") {
  CheckAllCuts("hello\n\nworld", {"\n\n"}, "hello", true);
  CheckAllCuts("abababc", {"ababc"}, "ab", true);
  CheckAllCuts("aaab", {"aab"}, "a", true);
  CheckAllCuts("one two three", {"three", "two"}, "one ", true);
}

TEST_CASE("an unfinished stop string is shown at the end") {
  CheckAllCuts("hello wor", {"world"}, "hello wor", false);
  CheckAllCuts("plain", {}, "plain", false);
  CheckAllCuts("plain", {""}, "plain", false);
}

TEST_CASE("nothing is shown that may belong to a stop string") {
  StopStringFilter filter({"END"});
  CHECK(filter.Add("xE") == "x");
  CHECK(filter.Add("N") == "");
  CHECK(filter.Add("x") == "ENx");
}

}  // namespace
}  // namespace tidemark
