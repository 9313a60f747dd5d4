// Stop strings in a stream of text: cuts before the first one and never shows a piece that may turn out to be the beginning of
// one.
#ifndef TIDEMARK_ENGINE_GENERATE_STOP_STRINGS_H_
#define TIDEMARK_ENGINE_GENERATE_STOP_STRINGS_H_

#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

class StopStringFilter {
 public:
  // Empty strings among stops are ignored.
  explicit StopStringFilter(std::vector<std::string> stops);

  // Takes the next piece of text and returns what can be shown now. After a stop string was seen (hit()), returns "".
  std::string Add(std::string_view piece);
  // The end of the stream: what was held back.
  std::string Finish();
  bool hit() const { return hit_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;  // a proper prefix of some stop string
  bool hit_ = false;
};

}  // namespace tidemark

#endif  // TIDEMARK_ENGINE_GENERATE_STOP_STRINGS_H_
