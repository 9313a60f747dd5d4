#include "evals/task.h"

#include <set>

#include "engine/core/error.h"

namespace tidemark {

std::string Sample::IdText() const { return id.is_string() ? id.get<std::string>() : id.dump(); }

std::vector<Sample> MakeSamples(const Task& task, const Dataset& dataset, const TaskProtocol& protocol, int64_t limit) {
  std::vector<Sample> samples;
  std::set<std::string> ids;
  for (const DatasetRow& row : dataset.rows) {
    if (limit > 0 && static_cast<int64_t>(samples.size()) == limit) break;
    const std::string place = fmt::format("{}:{}", dataset.path.empty() ? "embedded sample rows" : dataset.path, row.line);
    samples.push_back(task.make_sample(row, protocol, place));
    if (!ids.insert(samples.back().IdText()).second) {
      throw Error(place, "id " + Printable(samples.back().IdText()) + " a second time", "distinct ids",
                  "remove one of the rows, or give it another id");
    }
  }
  return samples;
}

}  // namespace tidemark
