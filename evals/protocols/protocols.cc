// The table of embedded protocols: one JSON file, one row here.
#include "embedded/protocol_artificial_analysis.h"
#include "embedded/protocol_card.h"
#include "embedded/protocol_greedy.h"
#include "embedded/protocol_lighteval.h"
#include "embedded/protocol_lm_eval.h"
#include "embedded/protocol_lm_eval_minerva.h"
#include "embedded/protocol_nemo_skills.h"
#include "embedded/protocol_pipette.h"
#include "embedded/protocol_qwen_math.h"
#include "embedded/protocol_simple_evals.h"
#include "evals/protocol.h"

namespace tidemark {

std::span<const Protocol> AllProtocols() {
  static const Protocol table[] = {
      ParseProtocol(embedded::protocol_greedy(), "protocols/greedy.json"),
      ParseProtocol(embedded::protocol_card(), "protocols/card.json"),
      ParseProtocol(embedded::protocol_pipette(), "protocols/pipette.json"),
      ParseProtocol(embedded::protocol_lm_eval(), "protocols/lm-eval.json"),
      ParseProtocol(embedded::protocol_lm_eval_minerva(), "protocols/lm-eval-minerva.json"),
      ParseProtocol(embedded::protocol_lighteval(), "protocols/lighteval.json"),
      ParseProtocol(embedded::protocol_simple_evals(), "protocols/simple-evals.json"),
      ParseProtocol(embedded::protocol_qwen_math(), "protocols/qwen-math.json"),
      ParseProtocol(embedded::protocol_nemo_skills(), "protocols/nemo-skills.json"),
      ParseProtocol(embedded::protocol_artificial_analysis(), "protocols/artificial-analysis.json"),
  };
  return table;
}

}  // namespace tidemark
