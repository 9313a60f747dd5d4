#include "evals/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "evals/responses.h"
#include "tests/support/catch.h"
#include "tests/support/complaint.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

using test::Complaint;

std::string Line(int id, const std::string& response = "text") {
  return CheckedLine(Json{{"task", "t"}, {"id", id}, {"repeat", 0}, {"response", response}, {"stop", "eos"}});
}

TEST_CASE("a checked line is its object with a check, and any other byte breaks it") {
  const std::string line = Line(1, "a \"quoted\"\nansw\xC3\xA4r");
  CHECK(Json::parse(line)["response"] == "a \"quoted\"\nansw\xC3\xA4r");
  CHECK(Json::parse(line)["check"].get<std::string>().size() == 16);
  CHECK(WholeLines(line, "j") == line);
  for (size_t i = 0; i + 1 < line.size(); ++i) {
    for (const char flip : {'\x01', '\x20', '\x7F'}) {
      std::string broken = line;
      broken[i] = static_cast<char>(broken[i] ^ flip);
      CHECK(WholeLines(broken, "j").empty());
    }
  }
}

TEST_CASE("every byte prefix of a journal keeps exactly its whole lines, whatever follows") {
  std::string journal;
  std::vector<size_t> ends = {0};
  for (int id = 1; id <= 5; ++id) {
    journal += Line(id, "answer " + std::string(static_cast<size_t>(7 * id), 'x'));
    ends.push_back(journal.size());
  }
  const std::string garbage[] = {
      "", "\n", std::string(600, '\0'), "\n\n\n", "{}\n", "}\n{\"id\":9}\n\xFF\xFE", Line(9).substr(60)};
  size_t whole = 0;
  for (size_t size = 0; size <= journal.size(); ++size) {
    if (whole + 1 < ends.size() && size == ends[whole + 1]) ++whole;
    for (const std::string& tail : garbage) {
      // What the prefix lacks may be just what follows: then the line is whole, and right.
      const bool more = whole + 1 < ends.size();
      const bool completed = more && tail.starts_with(journal.substr(size, ends[whole + 1] - size)) && size > ends[whole];
      const std::string content = journal.substr(0, size) + tail;
      const JournalContent found = ParseJournal(content, "j");
      const size_t expected = whole + (completed ? 1 : 0);
      if (found.rows.size() != expected || found.whole_bytes != ends[expected]) {
        FAIL("prefix " << size << " with " << tail.size() << " bytes behind it: " << found.rows.size() << " rows");
      }
    }
  }
}

TEST_CASE("damage before the last line is an Error with the line, not a shorter journal") {
  std::string journal = Line(1) + Line(2) + Line(3);
  journal[Line(1).size() + 20] ^= 1;
  CHECK_THAT(Complaint([&] { WholeLines(journal, "j"); }),
             test::Contains("j:2: found a damaged line before whole ones (line 3)"));
  CHECK_THAT(Complaint([&] { ParseJournal(Line(1) + Line(1), "j"); }), test::Contains("j:2: found id 1, repeat 0 a second time"));
  CHECK_THAT(Complaint([&] { ParseJournal(CheckedLine(Json{{"id", 1}}), "j"); }), test::Contains("no \"response\""));
}

TEST_CASE("a journal is continued after the bytes that are kept") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "completions.jsonl";
  const Json row = {{"id", 1}, {"response", "a"}};
  Journal(path).Append(row);
  const std::string one = ReadFile(path);
  CHECK(one == CheckedLine(row));
  std::ofstream(path, std::ios::app) << "{\"id\":2,\"resp";
  Journal(path, one.size()).Append(row);
  CHECK(ReadFile(path) == one + one);
}

TEST_CASE("an output directory has one writer") {
  const test::TemporaryDirectory directory;
  {
    const RunLock lock(directory.path());
    CHECK(lock.warning().empty());
    CHECK_THAT(Complaint([&] { RunLock second(directory.path()); }),
               test::Contains("another process at work there (" + std::to_string(getpid()) + ")"));
  }
  CHECK_FALSE(std::filesystem::exists(directory.path() / "run.lock"));
  std::ofstream(directory.path() / "run.lock") << "left by a process that was killed";
  const RunLock again(directory.path());
  CHECK_FALSE(Complaint([] { RunLock lock("/proc"); }).empty());
}

}  // namespace
}  // namespace tidemark
