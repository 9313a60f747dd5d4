// Protocols: the embedded files, what a file may say, and how a wrong one is refused.
#include "evals/protocol.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "evals/task.h"
#include "tests/evals/fake_model.h"
#include "tests/support/catch.h"
#include "tests/support/paths.h"

namespace tidemark {
namespace {

using Json = nlohmann::ordered_json;

// A good protocol for both tasks.
Json Good() {
  return Json::parse(R"({
    "schema_version": 1, "name": "mine", "summary": "s", "sources": ["a"],
    "tasks": {
      "ifeval": {"strip_reasoning": false, "max_new_tokens": 10, "repeats": 3, "seed": 5, "stop": ["x"], "unknown": ["u"],
        "sampling": {"order": "llama.cpp", "temperature": 0.5, "top_k": 7, "top_p": 0.9, "min_p": 0.1, "repetition_penalty": 1.1, "penalty_window": 64}},
      "math500": {"prompt": "hendrycks", "extraction": "dollars", "grader": "prm800k", "strip_reasoning": true, "max_new_tokens": 20,
        "repeats": 1, "prompt_text": "Q: {problem} A:", "inferred": ["i"],
        "sampling": {"order": "hf", "temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "repetition_penalty": 1}}
    }})");
}

// Message of the refusal of Good() with the value at the pointer replaced; a null value removes the key.
std::string Complaint(const std::string& pointer, const Json& value) {
  Json json = Good();
  const Json::json_pointer at(pointer);
  if (value.is_null()) {
    json[at.parent_pointer()].erase(at.back());
  } else {
    json[at] = value;
  }
  try {
    ParseProtocol(json.dump(), "mine.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string TextComplaint(const std::string& text) {
  try {
    ParseProtocol(text, "mine.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("the embedded protocols are well formed, distinct and say what their sources say") {
  const auto protocols = AllProtocols();
  REQUIRE(protocols.size() >= 10);
  CHECK(protocols.front().name == "greedy");
  for (const Protocol& protocol : protocols) {
    INFO(protocol.name);
    CHECK(FindProtocol(protocol.name).sha256 == Sha256Hex(protocol.text));
    CHECK_FALSE(protocol.sources.empty());
    for (const ProtocolTask& task : protocol.tasks) {
      CHECK(task.choices.name == protocol.name);
      CHECK(task.choices.sha256 == protocol.sha256);
    }
  }
  for (const Task& task : AllTasks()) CHECK_NOTHROW(protocols.front().For(task.name));

  const ProtocolTask card = FindProtocol("card").For("math500");
  CHECK(card.generate.sampling.temperature == 0.2);
  CHECK(card.generate.sampling.top_k == 80);
  CHECK(card.generate.sampling.repetition_penalty == 1.05);
  CHECK(card.generate.max_new_tokens == 32768);
  CHECK(card.repeats == 5);
  const ProtocolTask pipette = FindProtocol("pipette").For("math500");
  CHECK(pipette.generate.sampling.temperature == 0.6);
  CHECK(pipette.generate.max_new_tokens == 8192);
  CHECK(pipette.repeats == 5);
  CHECK(pipette.choices.grader == "prm800k");
  const ProtocolTask lm_eval = FindProtocol("lm-eval").For("ifeval");
  CHECK(lm_eval.generate.max_new_tokens == 1280);
  CHECK_FALSE(lm_eval.choices.strip_reasoning);
  CHECK(FindProtocol("lm-eval").For("math500").generate.stop_strings == std::vector<std::string>{"Problem:"});
}

// Whether the completion is right under a protocol, whose prompt must hold the parts; and what its rule found.
struct Judged {
  bool correct;
  std::string answer, rule;
};

Judged Judge(const ProtocolTask& protocol, const std::string& text, const std::vector<std::string>& prompt_parts = {}) {
  const Task& task = FindTask("math500");
  const DatasetRow row{
      1,
      {{"problem", "What is $1 / 2$?"}, {"answer", "\\frac{1}{2}"}, {"subject", "Algebra"}, {"level", 1}, {"unique_id", "half"}}};
  const Sample sample = task.make_sample(row, protocol.choices, "f");
  CHECK(sample.messages.size() == 1);
  for (const std::string& part : prompt_parts) CHECK_THAT(sample.messages[0].content, test::Contains(part));
  Completion completion;
  completion.text = text;
  const Json verdicts = task.score(sample, completion, protocol.choices).verdicts;
  return {verdicts["correct"], verdicts["answer"], verdicts["rule"]};
}

TEST_CASE("simple-evals: the first answer line after the trace counts, a box does not") {
  const ProtocolTask p = FindProtocol("simple-evals").For("math500");
  CHECK(p.generate.sampling.temperature == 0.5);
  CHECK(p.generate.sampling.top_p == 1);
  CHECK(p.generate.max_new_tokens == 2048);
  CHECK(p.repeats == 10);
  CHECK_THROWS_AS(FindProtocol("simple-evals").For("ifeval"), Error);
  const Judged first = Judge(p, "<think>Answer: 3</think>So\nanswer: $\\frac{2}{4}$\nAnswer: 3",
                             {"\"Answer: \"", "What is $1 / 2$?", "no \\boxed{}"});
  CHECK(first.correct);
  CHECK(first.answer == "\\frac{2}{4}");
  CHECK(first.rule == "answer");
  const Judged box = Judge(p, "\\boxed{\\frac{1}{2}}");
  CHECK_FALSE(box.correct);
  CHECK(box.rule == "none");
}

TEST_CASE("qwen-math: the last box counts, even inside the trace, else a phrase or number") {
  const ProtocolTask p = FindProtocol("qwen-math").For("math500");
  CHECK(p.generate.sampling.temperature == 0);
  CHECK(p.generate.max_new_tokens == 2048);
  CHECK(p.repeats == 1);
  const Judged box = Judge(p, "\\boxed{3}, no, \\boxed{\\frac{1}{2}}", {"What is $1 / 2$?\n", "step by step", "\\boxed{}"});
  CHECK(box.correct);
  CHECK(box.rule == "boxed");
  CHECK(Judge(p, "<think>It is \\boxed{0.5}").correct);
  CHECK(Judge(p, "The final answer is $0.5$.").rule == "final_answer");
  CHECK(Judge(p, "so 3, or rather 0.5").correct);
}

TEST_CASE("nemo-skills: the last box after the trace counts and nothing else") {
  const ProtocolTask p = FindProtocol("nemo-skills").For("math500");
  CHECK(p.generate.sampling.temperature == 0);
  CHECK(p.generate.sampling.top_p == 0.95);
  CHECK(p.generate.max_new_tokens == 32768);
  CHECK(p.repeats == 1);
  const Judged box =
      Judge(p, "<think>\\boxed{3}</think>\\boxed{4} no, \\boxed{\\frac{1}{2}}", {"\\boxed{}.\n\nWhat is $1 / 2$?"});
  CHECK(box.correct);
  CHECK(box.rule == "boxed");
  for (const char* boxless : {"The final answer is $\\frac{1}{2}$.", "\\boxed{\\frac{1}{2}", "<think>It is \\boxed{0.5}"}) {
    CHECK_FALSE(Judge(p, boxless).correct);
    CHECK(Judge(p, boxless).rule == "none");
  }
}

TEST_CASE("graders search the whole answer unless the protocol lets them see only what its rule found") {
  ProtocolTask p = FindProtocol("lighteval").For("math500");
  const char* text = "\\boxed{0.5}\nANSWER: 3";
  REQUIRE_FALSE(p.choices.grade_extracted);
  CHECK(Judge(p, text).correct);
  p.choices.grade_extracted = true;
  CHECK_FALSE(Judge(p, text).correct);
  for (const char* same : {"ANSWER: 0.5", "ANSWER: \\$0.5", "ANSWER: $0.5$", "ANSWER: \\(0.5\\)", "ANSWER: it is $\\frac{1}{2}$",
                           "ANSWER: \\boxed{1/2}"}) {
    INFO(same);
    CHECK(Judge(p, same).correct);
  }
}

TEST_CASE("a file's settings arrive where they belong") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "mine.json";
  std::ofstream(path) << Good().dump();
  const Protocol protocol = FindProtocol(path.string());
  const ProtocolTask& ifeval = protocol.For("ifeval");
  CHECK(ifeval.repeats == 3);
  CHECK(ifeval.generate.seed == 5);
  CHECK(ifeval.generate.stop_strings == std::vector<std::string>{"x"});
  CHECK(ifeval.generate.sampling.order == SamplerOrder::kLlamaCpp);
  CHECK(ifeval.generate.sampling.penalty_window == 64);
  CHECK(ifeval.generate.sampling.min_p == 0.1);
  CHECK_FALSE(ifeval.choices.strip_reasoning);
  CHECK(ifeval.choices.unknown == std::vector<std::string>{"u"});
  const ProtocolTask& math = protocol.For("math500");
  CHECK(math.choices.prompt == "hendrycks");
  CHECK(math.choices.extraction == "dollars");
  CHECK(math.choices.grader == "prm800k");
  CHECK(math.choices.prompt_text == "Q: {problem} A:");
  CHECK(math.generate.sampling.penalty_window == -1);
  CHECK(math.choices.inferred == std::vector<std::string>{"i"});
}

TEST_CASE("a wrong protocol is refused with the place, what was found and what was expected") {
  REQUIRE(TextComplaint(Good().dump()).empty());
  CHECK(Complaint("/tasks/math500/prompt", nullptr).empty());  // the rows' own form, or the task's first
  struct Case {
    const char* pointer;
    Json value;
    const char* part;
  };
  const Case cases[] = {
      {"/schema_version", 2, "schema_version"},
      {"/name", nullptr, "no \"name\""},
      {"/summary", "", "summary"},
      {"/sources", "one", "array of texts"},
      {"/comment", "x", "key \"comment\""},
      {"/tasks", Json::object(), "key per task"},
      {"/tasks/gsm8k", Json::object(), "gsm8k"},
      {"/tasks/ifeval", 3, "an object"},
      {"/tasks/ifeval/prompt", "boxed", "no choice"},
      {"/tasks/ifeval/prompt_text", "{problem}", "of its own"},
      {"/tasks/ifeval/temperature", 0.5, "key \"temperature\""},
      {"/tasks/ifeval/repeats", 0, "from 1 to 1000"},
      {"/tasks/ifeval/repeats", 1.5, "from 1 to 1000"},
      {"/tasks/ifeval/repeats", nullptr, "no \"repeats\""},
      {"/tasks/ifeval/seed", -1, "seed"},
      {"/tasks/ifeval/seed", 18446744073709551615u, "seed"},
      {"/tasks/ifeval/max_new_tokens", "many", "max_new_tokens"},
      {"/tasks/ifeval/stop", Json::array({""}), "array of texts"},
      {"/tasks/ifeval/strip_reasoning", 1, "true or false"},
      {"/tasks/ifeval/sampling", nullptr, "no \"sampling\""},
      {"/tasks/ifeval/sampling/order", "vllm", "hf or llama.cpp"},
      {"/tasks/ifeval/sampling/top_k", nullptr, "no \"top_k\""},
      {"/tasks/ifeval/sampling/top_p", 1.5, "top-p"},
      {"/tasks/ifeval/sampling/temperature", -1, "temperature"},
      {"/tasks/ifeval/sampling/temperature", "hot", "a number"},
      {"/tasks/ifeval/sampling/typical_p", 1, "typical_p"},
      {"/tasks/ifeval/grade_extracted", true, "no extraction rules"},
      {"/tasks/math500/grade_extracted", "yes", "true or false"},
      {"/tasks/math500/prompt", "poem", "one of boxed"},
      {"/tasks/math500/extraction", nullptr, "no \"extraction\""},
      {"/tasks/math500/grader", "teacher", "prm800k"},
      {"/tasks/math500/prompt_text", "no slot", "{problem} once"},
      {"/tasks/math500/prompt_text", "{problem}{problem}", "{problem} once"},
  };
  for (const Case& c : cases) {
    const std::string complaint = Complaint(c.pointer, c.value);
    INFO(c.pointer << ": " << complaint);
    CHECK_THAT(complaint, test::Contains(c.part));
    CHECK_THAT(complaint, test::Contains("mine.json"));
  }
  CHECK_THAT(TextComplaint("{\"name\":1,\"name\":2}"), test::Contains("twice"));
  CHECK_THAT(TextComplaint("{"), test::Contains("malformed"));
  CHECK_THAT(TextComplaint("[]"), test::Contains("an object"));
  CHECK_THAT(TextComplaint("{\"name\":1e999}"), test::Contains("does not fit"));
  CHECK_THAT(TextComplaint("{\"name\":\"\xff\"}"), test::Contains("UTF-8"));
  CHECK_THAT(TextComplaint(std::string(100000, '[')), test::Contains("nesting"));
  CHECK_THAT(TextComplaint(std::string(2 << 20, ' ')), test::Contains("bytes"));
}

TEST_CASE("nothing is assumed for a task that a protocol does not cover, or for a name that is not there") {
  CHECK_THROWS_WITH(FindProtocol("pipette").For("ifeval"), test::Contains("math500"));
  CHECK_THROWS_WITH(FindProtocol("cards"), test::Contains("artificial-analysis"));
  CHECK_THROWS_AS(FindProtocol("absent.json"), Error);
  CHECK_THROWS_AS(FindProtocol(""), Error);
}

TEST_CASE("repeats of a job and the protocol's name, hash and changes reach the report") {
  test::FakeModel model([](const Request&) { return test::Says("right"); });
  const Task task = test::EchoTask();
  EvalJob job{&task, test::EchoRows(2), {}};
  job.repeats = 3;
  job.protocol = FindProtocol("card").For("ifeval").choices;
  job.protocol.changed = {"temperature"};
  const test::TemporaryDirectory directory;
  RunOptions options;
  options.out = directory.path();
  const Json report = ToJson(RunEvals(model, {&job, 1}, options, false, {}));
  CHECK(report["tasks"][0]["samples"]["total"] == 6);
  CHECK(report["tasks"][0]["settings"]["repeats"] == 3);
  const Json protocol = report["tasks"][0]["settings"]["protocol"];
  CHECK(protocol["name"] == "card");
  CHECK(protocol["sha256"] == FindProtocol("card").sha256);
  CHECK(protocol["changed"] == Json::array({"temperature"}));
  CHECK(protocol["inferred"].size() == 4);
}

}  // namespace
}  // namespace tidemark
