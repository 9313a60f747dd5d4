// The table of tasks: one file that defines one object, one row here.
#include "engine/core/error.h"
#include "evals/task.h"

namespace tidemark {

Task MakeIfevalTask();       // evals/tasks/ifeval.cc
Task MakeMath500Task();      // evals/tasks/math500.cc
Task MakeOmniscienceTask();  // evals/tasks/omniscience.cc

std::span<const Task> AllTasks() {
  static const Task table[] = {MakeIfevalTask(), MakeMath500Task(), MakeOmniscienceTask()};
  return table;
}

const Task& FindTask(std::string_view name) {
  std::string known;
  for (const Task& task : AllTasks()) {
    if (task.name == name) return task;
    known += (known.empty() ? "" : ", ") + std::string(task.name);
  }
  throw Error("task", "\"" + Printable(name) + "\"", "one of " + known, "`tidemark list tasks` describes them");
}

}  // namespace tidemark
