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
      // Damage that leaves a whole answer may be an edit: then nothing is cut off.
      size_t kept = 0;
      const std::string complaint = Complaint([&] { kept = WholeLines(broken, "j").size(); });
      CHECK(kept == 0);
      if (!complaint.empty()) CHECK_THAT(complaint, test::Contains("j:1: found an answer whose check is missing or wrong"));
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
      "", "\n", std::string(600, '\0'), "\n\n\n", "{}\n", "\n{\"id\":9}\n\xFF\xFE", "\xFF" + Line(9).substr(60)};
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

TEST_CASE("what no interruption leaves is refused, not cut off") {
  const auto refuse = [](const std::string& journal, const std::string& message) {
    CHECK_THAT(Complaint([&] { WholeLines(journal, "j"); }), test::Contains(message));
  };
  std::string crlf = Line(1) + Line(2);
  for (size_t at = 0; (at = crlf.find('\n', at)) != crlf.npos; at += 2) crlf.replace(at, 1, "\r\n");
  refuse(crlf, "j:1: found a line that ends in CR LF");
  refuse(Line(1) + "{\"id\":2,\"response\":\"own\"}\n", "j:2: found an answer whose check is missing or wrong");
  refuse("{\"prompt\":\"p\",\"response\":\"own\"}\n{\"half", "j:1: found an answer whose check is missing or wrong");
  std::string nul = Line(1) + Line(2);
  nul[30] = '\0';
  refuse(nul, "j:1: found a damaged line before whole ones (line 2)");
  CHECK(WholeLines(Line(1) + nul.substr(0, Line(1).size()), "j") == Line(1));  // a torn last line may hold anything
  CHECK(WholeLines("", "j").empty());
}

TEST_CASE("a line says its run, and that of another is not taken") {
  const std::string digest = std::string(16, 'a') + std::string(48, 'b');
  const Origin whole = MakeOrigin(digest, "t", {}), shard = MakeOrigin(digest, "t", {2, 4});
  CHECK(Describe(shard) == "run aaaaaaaaaaaaaaaa, task t, shard 2/4");
  const auto line = [](const Origin& origin) {
    Completion completion;
    completion.text = "x";
    return CheckedLine(CompletionToJson(origin, 1, completion));
  };
  for (const Origin& own : {whole, shard}) {
    const JournalContent journal = ParseJournal(line(own), "j");
    CHECK(journal.rows[0].origin == own);
    CheckJournal(journal, own, "j");
  }
  const Origin others[] = {shard, MakeOrigin(digest, "u", {}), MakeOrigin(std::string(64, 'c'), "t", {})};
  for (const Origin& other : others) {
    const JournalContent journal = ParseJournal(Line(5) + line(other), "j");
    CHECK_THAT(Complaint([&] { CheckJournal(journal, whole, "j"); }),
               test::Contains("j:1: found a line that does not say its run"));
    const std::string differs = other == others[0] ? "shard" : other == others[1] ? "task" : "run";
    CHECK_THAT(Complaint([&] { CheckJournal(ParseJournal(line(other), "j"), whole, "j"); }),
               test::Contains("j:1: found a line of another " + differs + ": " + Describe(other) + ", expected lines of " +
                              Describe(whole)));
  }
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

TEST_CASE("a journal whose path names another file, or none, takes no more answers") {
  const test::TemporaryDirectory directory;
  const auto folder = directory.path() / "run", path = folder / "completions.jsonl";
  const Json row = {{"id", 1}, {"response", "a"}};
  const std::string message = "found removed or moved while the run was writing to it";
  std::filesystem::create_directory(folder);
  Journal journal(path);
  journal.Append(row);
  std::filesystem::rename(path, folder / "renamed");  // as NFS removes an open file: it keeps a name
  CHECK_THAT(Complaint([&] { journal.Append(row); }), test::Contains(message));
  std::ofstream(path) << "another file";
  CHECK_THAT(Complaint([&] { journal.Append(row); }), test::Contains(message));
  std::filesystem::rename(folder / "renamed", path);
  journal.Append(row);
  std::filesystem::rename(folder, directory.path() / "moved");
  CHECK_THAT(Complaint([&] { journal.Append(row); }), test::Contains("go on there with --resume"));
  Journal("/dev/null").Append(row);  // no regular file: nothing to lose
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
