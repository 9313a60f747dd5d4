// The template interpreter against jinja2 (tests/golden/chat/cases.json), and its limits.
#include "engine/chat/chat_template.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

std::string Render(const std::string& source, const Json& variables = Json::object(), const RenderLimits& limits = {}) {
  return ChatTemplate(source).Render(variables, limits);
}

std::string Failure(const std::string& source, const Json& variables = Json::object(), const RenderLimits& limits = {}) {
  try {
    return "rendered " + Render(source, variables, limits).substr(0, 200);
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("templates render as jinja2 renders them") {
  const Json golden = Json::parse(ReadFile(test::Golden("chat/cases.json")));
  size_t wrong = 0;
  std::string report;
  for (const Json& row : golden["cases"]) {
    const std::string source = row[0];
    const Json& variables = row.size() > 2 ? row[2] : golden["variables"];
    std::string found;
    bool failed = false;
    try {
      found = Render(source, variables);
    } catch (const Error& error) {
      failed = true;
      found = error.what();
    }
    const bool ok = row[1].is_null() ? failed : !failed && found == row[1].get<std::string>();
    if (ok) continue;
    if (++wrong <= 400)
      report += Json(source).dump() + "\n  found    " + Json(found).dump() + "\n  expected " + row[1].dump() + "\n";
  }
  INFO(report);
  CHECK(golden["cases"].size() >= 300);
  CHECK(wrong == 0);
}

TEST_CASE("errors carry the line") {
  CHECK_THAT(Failure("a\n{{ x }}\n{{ x.y }}"), test::Contains("chat_template:3"));
  CHECK_THAT(Failure("a\n\n{% if %}"), test::Contains("chat_template:3"));
  CHECK_THAT(Failure("{# a\nb #}\n{{ raise_exception('nope') }}"), test::Contains("chat_template:3"));
  CHECK_THAT(Failure("{{ raise_exception('nope') }}"), test::Contains("nope"));
  CHECK_THAT(Failure("{% macro m() %}\n{{ 1 / 0 }}\n{% endmacro %}\n{{ m() }}"), test::Contains("chat_template:2"));
  CHECK_THAT(Failure("\n\n{{ 'abc"), test::Contains("chat_template:3"));
  CHECK_THAT(Failure("{% include 'x' %}"), test::Contains("include"));
}

TEST_CASE("hostile templates end in an error") {
  const auto repeat = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  for (const std::string open : {"(", "[", "{'a':", "not ", "- ", "x[", "f(", "1 if 1 else ", "x|default("}) {
    CHECK_THAT(Failure("{{ " + repeat(open, 100'000)), test::Contains("chat_template:1"));
  }
  CHECK_THAT(Failure("{{ 1" + repeat("+1", 100'000) + " }}"), test::Contains("nested deeper"));
  CHECK_THAT(Failure("{{ x" + repeat(".a", 100'000) + " }}"), test::Contains("nested deeper"));
  CHECK_THAT(Failure("{{ x" + repeat("|upper", 100'000) + " }}"), test::Contains("nested deeper"));
  CHECK_THAT(Failure(repeat("{% if 1 %}", 100'000)), test::Contains("nesting deeper"));
  CHECK_THAT(Failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), test::Contains("nesting deeper"));
  const std::string wrap = "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = ";
  CHECK_THAT(Failure(wrap + "[ns.x] %}{% endfor %}"), test::Contains("nested deeper"));
  CHECK_THAT(Failure(wrap + "{'a': ns.x} %}{% endfor %}"), test::Contains("nested deeper"));
  CHECK(Render(wrap + "namespace(x=ns.x) %}{% endfor %}").empty());
  CHECK_THAT(Failure("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"), test::Contains("contains itself"));
}

TEST_CASE("work, output and sizes are bounded") {
  const std::string loops = "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}";
  CHECK_THAT(Failure(loops), test::Contains("steps"));
  RenderLimits small;
  small.max_output_bytes = 100'000;
  CHECK_THAT(Failure("{% for i in range(2000) %}" + std::string(100, 'x') + "{% endfor %}", Json::object(), small),
             test::Contains("100000 bytes"));
  CHECK_THAT(Failure("{{ ('a' * 1000000000)|length }}"), test::Contains("repetition"));
  CHECK_THAT(Failure("{{ [1] * 1000000000 }}"), test::Contains("repetition"));
  CHECK_THAT(Failure("{{ range(100001) }}"), test::Contains("range"));
  CHECK_THAT(Failure("{{ 9223372036854775807 + 1 }}"), test::Contains("64 bits"));
  CHECK_THAT(Failure("{{ 9223372036854775808 }}"), test::Contains("64 bits"));
  CHECK_THAT(Failure("{{ 10 ** 100 }}"), test::Contains("64 bits"));
  CHECK_THAT(
      Failure("{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(1000) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
      test::Contains("chat_template:1"));
  CHECK_THAT(Failure("{{ \xff }}"), test::Contains("UTF-8"));
  CHECK_THAT(Failure("{{ x }}", Json::array()), test::Contains("object"));
}

TEST_CASE("values that share their parts are as heavy as they print") {
  const std::string start = "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}";
  for (const std::string twice : {"[V, V]", "(V, V)", "{'a': V, 'b': V}"}) {
    const auto grow = [&](const std::string& name) {
      std::string value = twice;
      for (size_t at; (at = value.find('V')) != std::string::npos;) value.replace(at, 1, name);
      return "{% set " + name + " = " + value + " %}";
    };
    const std::string heavy = start + grow("ns.x") + grow("ns.y") + "{% endfor %}";
    for (const std::string use : {"ns.x", "ns.x|tojson", "ns.x == ns.y", "ns.x in [ns.y]", "'%s' % ns.x", "{}.get(ns.x)"}) {
      CHECK_THAT(Failure(heavy + "{{ " + use + " }}"), test::Contains("shared ones counted"));
    }
  }
  CHECK_THAT(Failure(start + "{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}"),
             test::Contains("contains itself"));
  CHECK_THAT(Failure("{{ (['x' * 1000000] * 1000)|tojson }}"), test::Contains("shared ones counted"));
  // A variable that is replaced again and again weighs what it holds now.
  CHECK(Render("{% set ns = namespace(x='') %}{% for i in range(1000) %}{% set ns.x = 'y' * 1000000 %}{% endfor %}{{ ns.x|length "
               "}}") == "1000000");
}

TEST_CASE("comparing and searching count as work") {
  RenderLimits limits;
  limits.max_steps = 200'000;  // far below the number of bytes that the loops would look at
  const std::string loop = "{% set s = 'a' * 1000000 %}{% for i in range(1000) %}";
  for (const std::string use : {"s == s ~ ''", "'ab' in s", "s is lower", "s.find('b')", "[s] == [s]", "s.count('b')"}) {
    CHECK_THAT(Failure(loop + "{% if " + use + " %}{% endif %}{% endfor %}", Json::object(), limits), test::Contains("steps"));
  }
}

TEST_CASE("strftime_now formats the local time") { CHECK(Render("{{ strftime_now('%Y')|length }}") == "4"); }

}  // namespace
}  // namespace tidemark
