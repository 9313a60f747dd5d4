// How a task is run, as data: the form of the prompt, sampling, token budget, repeats, the treatment of reasoning, the rule that
// finds the answer, the grader. Scores of the same model under two protocols differ by tens of points, so a score is named with
// its protocol. A protocol is a JSON file; those of evals/protocols are embedded (a file there and a row in protocols.cc).
#ifndef TIDEMARK_EVALS_PROTOCOL_H_
#define TIDEMARK_EVALS_PROTOCOL_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/generate/options.h"

namespace tidemark {

// The choices of a protocol for one task. Names are those the task offers (Task::prompts and so on); empty: the task's first (a
// prompt: the form that embedded rows were made for, if they name one).
struct TaskProtocol {
  std::string name = "greedy";  // of the whole protocol, for reports
  std::string prompt, extraction, grader;
  bool strip_reasoning = true;   // score what follows the last closing marker; false: the whole completion (older harnesses)
  bool grade_extracted = false;  // graders that would search the whole answer see only what the extraction rule found
  std::string prompt_text = {};  // a prompt in the protocol's own words with "{problem}" once in it; empty: the task's wording
  std::string prompts_text = {}, prompts_sha256 = {};    // content of --prompts FILE and its hash; the prompt "file" reads it
  std::string sha256 = {};                               // of the protocol's file; empty: there was none
  std::vector<std::string> inferred = {}, unknown = {};  // sentences: what rests on inference, and what the source leaves open
  std::vector<std::string> changed = {};                 // settings that a flag of this run changed, for reports
};

// What a protocol says about one task.
struct ProtocolTask {
  std::string task;
  TaskProtocol choices;
  GenerateOptions
      generate;     // sampling, max_new_tokens, stop_strings, seed; every repeat of a sample has a random stream of its own
  int repeats = 1;  // completions per row
};

struct Protocol {
  std::string name, summary;         // summary: one line
  std::vector<std::string> sources;  // where the settings come from
  std::string text, sha256;          // the file
  std::vector<ProtocolTask> tasks;

  // Throws Error naming the tasks it covers: a protocol says nothing about the others, and nothing is assumed.
  const ProtocolTask& For(std::string_view task) const;
};

// place: for errors. Throws Error with place and key: not JSON, a key unknown, twice or missing, a wrong type, a value out of
// range, a task or choice that does not exist.
Protocol ParseProtocol(std::string_view text, const std::string& place);

// The embedded ones; the first is the default.
std::span<const Protocol> AllProtocols();

// A name of AllProtocols, or a path that ends in ".json". Throws Error with the known names.
Protocol FindProtocol(const std::string& name_or_file);

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_PROTOCOL_H_
