// What the files of claim checking share: reading reports of any shape, whose answers they hold, and the verdict on a score.
#ifndef TIDEMARK_REPORTS_CLAIM_PARTS_H_
#define TIDEMARK_REPORTS_CLAIM_PARTS_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/claims.h"

namespace tidemark::claims {

using Json = nlohmann::ordered_json;

// The member of an object, or null; reports may be of any shape.
const Json& At(const Json& json, const std::string& key);
// The same if it is a list; else an empty one.
const Json& List(const Json& json, const std::string& key);
// Finite numbers and texts alone.
std::optional<double> Number(const Json& json, const std::string& key);
std::string Text(const Json& json, const std::string& key);
// The object of a list with that "name", or null.
const Json& FindNamed(const Json& list, const std::string& name);

// "Q4_0 + F32": the texts under `key` of the objects in a list, each once, printable.
std::string Mix(const Json& list, const std::string& key);

// Whether `text` holds `name`, upper and lower case and punctuation aside.
bool Holds(const std::string& text, const std::string& name);

// The model that gave the answers of a report: of a judge's report not its own. Null: not known.
const Json& AnsweringModel(const Json& report);
// How they were asked for. task: an entry of the report's tasks.
const Json& AnsweringSettings(const Json& report, const Json& task);

// How many of the answers that a judge graded were truncated; 0 also if the report is no judge's.
double TruncatedAnswers(const Json& report);

// Why the report's model is not the claim's; empty: it is. Stored answers do not say which model gave them.
// given: the model's name as the user says; empty: what the report says.
std::string WhyOtherModel(const Json& report, const Claim& claim, const std::string& given);

// Throws Error naming both: two reports whose models cannot be the same, by hash, size or name. One that names none fits all.
void CheckOneModel(std::span<const ClaimReport> reports);

// Sets verdict, reason and what would decide. card.measured is not empty; its first entry counts.
void DecideScore(const Json& report, const Json& task, const ClaimOptions& options, ClaimCard& card);

// Fills the card of a claim about speed. Throws Error: two reports of `speed` measured it.
void CheckSpeed(std::span<const ClaimReport> reports, const ClaimOptions& options, ClaimCard& card);

// Adds "weight format" to what the claim's source does not state, with that of the report.
void NoteWeightFormat(const Json& report, ClaimCard& card);

// Verdict and reason if the list is not empty.
bool RefuseFor(const std::vector<std::string>& reasons, ClaimCard& card);

}  // namespace tidemark::claims

#endif  // TIDEMARK_REPORTS_CLAIM_PARTS_H_
