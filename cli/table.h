// A small table on stdout: aligned columns for people, an array of objects for
// programs.
#ifndef TIDEMARK_CLI_TABLE_H_
#define TIDEMARK_CLI_TABLE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tidemark::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void Add(std::vector<nlohmann::ordered_json> row) { rows_.push_back(std::move(row)); }  // one value per column
  void Print(bool json) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<nlohmann::ordered_json>> rows_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_TABLE_H_
