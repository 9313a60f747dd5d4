// --record-routes: which experts a model chooses while a command runs it, for `bench --routes`.
#ifndef TIDEMARK_CLI_ROUTE_RECORDING_H_
#define TIDEMARK_CLI_ROUTE_RECORDING_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "engine/model/model.h"
#include "reports/routes.h"

namespace tidemark::cli {

void AddRouteFlag(CLI::App& command, std::string& file);

// Records from construction to destruction. An empty file name: does nothing. The model outlives it; nullptr: it runs elsewhere.
class RouteRecording {
 public:
  // Throws Error: the model runs elsewhere, or has no experts.
  RouteRecording(const std::string& file, Model* model);
  ~RouteRecording();
  RouteRecording(const RouteRecording&) = delete;
  RouteRecording& operator=(const RouteRecording&) = delete;

  // Writes what has been recorded, if anything was asked for.
  void Write() const;

 private:
  std::string file_;
  Model* model_ = nullptr;
  RouteCounts counts_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ROUTE_RECORDING_H_
