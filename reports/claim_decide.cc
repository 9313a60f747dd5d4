// The verdict on a score by the rule of claims.h, and what would turn an inconclusive one into a verdict.
//
// Samples that are truncated or without a score widen the interval in proportion to their number u: by B u / U in all if the U
// of the report widen it by B. More samples shrink the interval itself with the root of their number, and the shares of u stay.
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "reports/claim_parts.h"

namespace tidemark::claims {
namespace {

// Samples that could have any score, repeats counted.
struct OpenSamples {
  double truncated = 0, unscored = 0, truncated_answers = 0;  // the last: of answers that a judge graded

  double Count() const { return truncated + unscored + truncated_answers; }
  std::string Describe() const {
    std::string text = fmt::format("{:.0f} truncated samples and {:.0f} without a score", truncated, unscored);
    if (truncated_answers > 0) text += fmt::format(" and {:.0f} truncated answers that were judged", truncated_answers);
    return text;
  }
};

OpenSamples CountOpen(const Json& report, const Json& task) {
  const Json& bounds = At(task, "bounds");
  const auto count = [&](const char* key) { return std::clamp(Number(bounds, key).value_or(0), 0.0, 1e12); };
  return {count("truncated"), count("failed") + count("not_run") + count("ungraded"), TruncatedAnswers(report)};
}

std::optional<int64_t> Count(double number) {
  if (!(number > 0 && number <= 1e9)) return std::nullopt;
  return static_cast<int64_t>(std::ceil(number - 1e-9));
}

// How many samples there must be for a half-width to shrink from `now` to `wanted`.
std::optional<int64_t> SamplesFor(const Measurement& m, double now, double wanted) {
  if (wanted <= 0 || m.samples < 1) return std::nullopt;
  return Count(static_cast<double>(m.samples) * (now / wanted) * (now / wanted));
}

// How many of the open samples must be completed for their share of the width to shrink from `now` to `wanted`.
std::optional<int64_t> Completions(const OpenSamples& open, double now, double wanted) {
  if (now <= 0) return std::nullopt;
  return Count(open.Count() - std::floor(open.Count() * std::clamp(wanted / now, 0.0, 1.0) + 1e-9));
}

constexpr const char* kOpen = "that are truncated or without a score";

// The sentence of numbers that each would do: completing some, or more samples with as large a share of open ones.
std::string EitherWould(const OpenSamples& open, const ClaimCard& card, const char* condition) {
  std::string text;
  if (card.samples_to_complete) {
    text = fmt::format("completing about {} of the {:.0f} samples {}", *card.samples_to_complete, open.Count(), kOpen);
  }
  if (card.samples_to_decide) {
    text += fmt::format("{}about {} samples{}", text.empty() ? "" : ", or ", *card.samples_to_decide,
                        open.Count() > 0 ? " with as large a share of open ones" : "");
  }
  return text.empty() ? text : text + " would decide" + condition;
}

// They overlap, but the interval or the widened one is too wide.
void NeedNarrower(const Measurement& m, const OpenSamples& open, double half, double widened, double allowed, ClaimCard& card) {
  const double from_open = widened - half;
  if (half <= allowed) {
    card.samples_to_complete = Completions(open, from_open, allowed - half);
    card.samples_to_decide = SamplesFor(m, half, allowed - from_open);
    card.to_decide = EitherWould(open, card, "");
    return;
  }
  card.samples_to_decide = SamplesFor(m, half, allowed);
  card.samples_to_complete = Completions(open, from_open, 0);  // nothing of the width is left for them
  if (!card.samples_to_decide) return;
  card.to_decide = fmt::format("about {} samples would decide", *card.samples_to_decide);
  if (card.samples_to_complete) card.to_decide += fmt::format(", the {} {} completed", *card.samples_to_complete, kOpen);
}

// They do not overlap, but open samples could close the gap, which is from the value to the claim. reach: how far they could
// move the value.
void NeedDistance(const Measurement& m, const OpenSamples& open, double gap, double reach, double half, ClaimCard& card) {
  constexpr double kShortOfTouching = 1 - 1e-9;
  card.samples_to_complete = Completions(open, reach, (gap - half) * kShortOfTouching);
  card.samples_to_decide = SamplesFor(m, half, (gap - reach) * kShortOfTouching);
  card.to_decide = EitherWould(open, card, ", if the score stays");
}

}  // namespace

void DecideScore(const Json& report, const Json& task, const ClaimOptions& options, ClaimCard& card) {
  const Claim& claim = card.claim;
  const Measurement& m = card.measured.front();
  const double claim_low = claim.value.value() - claim.value.half_unit(),
               claim_high = claim.value.value() + claim.value.half_unit();
  const double half = (m.high - m.low) / 2, allowed = options.width * m.range;
  const std::string both = fmt::format("the claim, {:.{}f} to {:.{}f}, and the interval, {:.2f} to {:.2f},", claim_low,
                                       claim.value.decimals + 1, claim_high, claim.value.decimals + 1, m.low, m.high);
  // The interval around the bounds, as wide as the one around the value.
  const double low = std::min(m.low, m.lowest - (m.value - m.low)), high = std::max(m.high, m.highest + (m.high - m.value));
  const double widened = (high - low) / 2;
  const OpenSamples open = CountOpen(report, task);
  if (claim_low <= m.high && m.low <= claim_high) {
    card.verdict = half <= allowed && widened <= allowed ? ClaimVerdict::kReproduced : ClaimVerdict::kInconclusive;
    card.reason = fmt::format("{} overlap; half of the interval is {:.2f}, at most {:.2f} is asked for", both, half, allowed);
    if (widened > half) {
      card.reason += fmt::format("; {} leave it {:.2f} to {:.2f}, half of that is {:.2f}", open.Describe(), low, high, widened);
    }
    if (card.verdict == ClaimVerdict::kInconclusive) NeedNarrower(m, open, half, widened, allowed, card);
    return;
  }
  if (claim_low <= high && low <= claim_high) {
    card.verdict = ClaimVerdict::kInconclusive;
    card.reason = fmt::format("{} do not overlap, but {} could close the gap: with them {:.2f} to {:.2f}", both, open.Describe(),
                              low, high);
    if (claim_low > m.high) {
      NeedDistance(m, open, claim_low - m.value, m.highest - m.value, m.high - m.value, card);
    } else {
      NeedDistance(m, open, m.value - claim_high, m.value - m.lowest, m.value - m.low, card);
    }
    return;
  }
  card.verdict = ClaimVerdict::kNotReproduced;
  card.reason = both + " do not overlap";
  if (!card.differs.empty()) card.reason += ", under a protocol that differs in what is listed";
}

}  // namespace tidemark::claims
