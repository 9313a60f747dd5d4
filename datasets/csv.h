// CSV as RFC 4180 has it: records of the official hallucination rows. The first record names the columns; every further one
// becomes a row whose fields are texts.
#ifndef TIDEMARK_DATASETS_CSV_H_
#define TIDEMARK_DATASETS_CSV_H_

#include <string>
#include <string_view>
#include <vector>

#include "datasets/rows.h"

namespace tidemark {

// All records after the header, with the line where each begins. Fields are separated by commas; a field in double quotes may
// hold commas, line ends and doubled quotes; lines end in LF or CRLF; a byte-order mark is skipped; blank lines between records
// too. Throws Error("PLACE:LINE", ...): not UTF-8, a quote inside an unquoted field, text after a closing quote, an open quote at
// the end, another number of fields than the header, a column named twice or not at all, limits (max_line_bytes is per record).
std::vector<DatasetRow> ParseCsv(std::string_view text, const std::string& place, const RowLimits& limits = {});

}  // namespace tidemark

#endif  // TIDEMARK_DATASETS_CSV_H_
