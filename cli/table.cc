#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"

namespace tidemark::cli {
namespace {

std::string CellText(const nlohmann::ordered_json& cell) {
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_boolean()) return cell.get<bool>() ? "yes" : "no";
  if (cell.is_number_float()) return fmt::format("{:.4g}", cell.get<double>());
  return cell.dump();
}

}  // namespace

void Table::Print(bool json) const {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  std::vector<size_t> widths;
  for (const std::string& column : columns_) widths.push_back(column.size());
  for (const auto& row : rows_) {
    TM_CHECK(row.size() == columns_.size(), "{} cells for {} columns", row.size(), columns_.size());
    nlohmann::ordered_json object;
    for (size_t i = 0; i < row.size(); ++i) {
      object[columns_[i]] = row[i];
      widths[i] = std::max(widths[i], CellText(row[i]).size());
    }
    array.push_back(std::move(object));
  }
  if (json) {
    fmt::print("{}\n", array.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  const auto print = [&](const auto& text_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) line += fmt::format("{:<{}}  ", text_of(i), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  print([&](size_t i) { return columns_[i]; });
  for (const auto& row : rows_) print([&](size_t i) { return CellText(row[i]); });
}

}  // namespace tidemark::cli
