// Answers that the match judge once graded otherwise than a reader would: wrong ones it took for right, right ones it refused,
// and answers that took it long.
#include <chrono>
#include <string>
#include <vector>

#include "evals/omniscience/match.h"
#include "tests/support/catch.h"

namespace tidemark {
namespace {

struct Row {
  const char *kind, *question, *gold, *answer;
  char grade;
};

void CheckRows(std::initializer_list<Row> rows) {
  for (const Row& r : rows) {
    const omniscience::Verdict verdict = omniscience::GradeByMatch({r.question, r.gold, {}, true, r.kind, 0}, r.answer);
    INFO(r.question << " | " << r.gold << " | " << r.answer << " | " << verdict.rule);
    CHECK(std::string(omniscience::GradeLetter(verdict.grade)) == std::string(1, r.grade));
  }
}

constexpr const char* kWho = "Who was it?";

TEST_CASE("another ruler or bearer of a name is not the gold") {
  CheckRows({
      {"person", kWho, "Louis XIV", "Louis XV", 'B'},
      {"person", kWho, "Louis XIV", "It was Louis XIV of France.", 'A'},
      {"person", kWho, "Henry VIII", "Henry VII", 'B'},
      {"person", kWho, "Elizabeth II", "Elizabeth I", 'B'},
      {"person", kWho, "Elizabeth I", "Elizabeth II", 'B'},
      {"person", kWho, "Pope John XXIII", "John XXII", 'B'},
      {"person", kWho, "Pope John XXIII", "John XXIII", 'A'},
      {"person", kWho, "John Adams", "John Quincy Adams", 'B'},
      {"person", kWho, "John Quincy Adams", "John Adams", 'B'},
      {"person", kWho, "John Quincy Adams", "John Q. Adams", 'A'},
      {"person", kWho, "Johann Sebastian Bach", "Johann Christian Bach", 'B'},
      {"person", kWho, "Johann Sebastian Bach", "J. S. Bach", 'A'},
      {"person", kWho, "Johann Sebastian Bach", "Johann Bach", 'A'},
      {"person", kWho, "Johann Sebastian Bach", "Bach", 'A'},
      {"person", kWho, "George W. Bush", "George H. W. Bush", 'B'},
      {"person", kWho, "George H. W. Bush", "George W. Bush", 'B'},
      {"person", kWho, "George W. Bush", "George Walker Bush", 'A'},
      {"person", kWho, "George W. Bush", "George Herbert Walker Bush", 'B'},
      {"person", kWho, "Henry IV of France", "Henry IV", 'A'},
      {"person", kWho, "Henry IV of France", "Henry IV of England", 'B'},
      {"person", kWho, "Henry IV of France", "Henry III of France", 'B'},
      {"person", kWho, "J. R. R. Tolkien", "Christopher Tolkien", 'B'},
      {"person", kWho, "Samuel Taylor Coleridge", "Samuel Coleridge-Taylor", 'B'},
      {"person", kWho, "Martin Luther", "Martin Luther King", 'B'},
      {"person", kWho, "Martin Luther", "Martin Luther, in 1517", 'A'},
      {"person", kWho, "Martin Luther King Jr.", "Martin Luther King Jr.", 'A'},
      {"person", kWho, "Hyung Won Chung", "Hyungwon Chung", 'A'},
  });
}

TEST_CASE("a title that begins with a number is a name, and years may be spelled out") {
  constexpr const char* kFilm = "Which film by Stanley Kubrick has a computer called HAL?";
  constexpr const char* kNovel = "Which novel by George Orwell has a Ministry of Truth?";
  CheckRows({
      {"", kFilm, "2001: A Space Odyssey", "Shrek (2001)", 'B'},
      {"", kFilm, "2001: A Space Odyssey", "A Space Odyssey", 'A'},
      {"", kFilm, "2001: A Space Odyssey", "It is 2001: A Space Odyssey.", 'A'},
      {"", kNovel, "1984", "Nineteen Eighty-Four", 'A'},
      {"", kNovel, "1984", "1984", 'A'},
      {"", kNovel, "1984", "Animal Farm", 'B'},
      {"", "Which film has a jury?", "12 Angry Men", "Twelve Angry Men", 'A'},
      {"", "Which film has a jury?", "12 Angry Men", "12 Monkeys", 'B'},
      {"date", "In which year was it?", "1984", "in nineteen eighty-four", 'A'},
      {"date", "In which year was it?", "1905", "nineteen oh five", 'A'},
  });
}

TEST_CASE("ranges, decades, noughts and halves") {
  CheckRows({
      {"number", "How warm?", "32-34 °C", "32-34 °F", 'B'},
      {"number", "How warm?", "32-34 °C", "between 32 and 34 °C", 'A'},
      {"number", "How long?", "5-7 days", "5-7 weeks", 'B'},
      {"number", "How long?", "5-7 days", "5 to 7 days", 'A'},
      {"number", "How long?", "5-7 days", "5 to 7", 'A'},
      {"number", "How high?", "10-12 km", "10,000 to 12,000 m", 'A'},
      {"number", "How high?", "10-12 km", "not 10 to 12 km, but 20 to 22 km", 'B'},
      {"date", "In which year?", "1990", "the 1990's", 'C'},
      {"date", "In which year?", "1994", "the 1990's", 'C'},
      {"date", "In which year?", "1984", "the 1990's", 'B'},
      {"number", "How many moons does Venus have?", "0", "Venus has no moons.", 'A'},
      {"number", "How many moons does Venus have?", "0", "None.", 'A'},
      {"number", "How many moons does Mars have?", "2", "Mars has no moons.", 'B'},
      {"number", "What share of it?", "50 %", "Half", 'A'},
      {"number", "What share of it?", "50 %", "About a third", 'B'},
      {"number", "What share of it?", "75 %", "three quarters of it", 'A'},
  });
}

TEST_CASE("yes and no in other words") {
  constexpr const char* kAsked = "Does glass conduct electricity?";
  CheckRows({
      {"", kAsked, "Yes", "The correct response is 'No'.", 'B'},
      {"", kAsked, "No", "The correct response is 'No'.", 'A'},
      {"", kAsked, "Yes", "Absolutely.", 'A'},
      {"", kAsked, "Yes", "Absolutely not.", 'B'},
      {"", kAsked, "Yes", "Indeed.", 'A'},
      {"", kAsked, "Yes", "Of course.", 'A'},
      {"", kAsked, "No", "It does not.", 'A'},
      {"", kAsked, "Yes", "It does not.", 'B'},
      {"", kAsked, "No", "Not at all.", 'A'},
      {"", kAsked, "Yes", "That is correct.", 'A'},
      {"", kAsked, "No", "That is not the case.", 'A'},
      {"", kAsked, "Yes", "Yes and no.", 'B'},
  });
}

TEST_CASE("opinions, doubts and neighbours do not negate") {
  constexpr const char* kNorway = "What is the capital of Norway?";
  CheckRows({
      {"name", kNorway, "Oslo", "If I'm not mistaken, it's Oslo.", 'A'},
      {"name", kNorway, "Oslo", "I strongly believe it's Oslo.", 'A'},
      {"name", kNorway, "Oslo", "I would think it's Oslo.", 'A'},
      {"name", kNorway, "Oslo", "No doubt it's Oslo.", 'A'},
      {"name", kNorway, "Oslo", "It is none other than Oslo.", 'A'},
      {"name", kNorway, "Oslo", "Oslo. I'm certain my answer is correct.", 'A'},
      {"name", kNorway, "Oslo", "Oslo. My answer is final.", 'A'},
      {"name", kNorway, "Oslo", "Oslo, once called Christiania or Kristiania.", 'A'},
      {"name", kNorway, "Oslo", "Without a doubt, Oslo.", 'A'},
      {"name", kNorway, "Oslo", "Most people think that it is Oslo, but it is Bergen.", 'B'},
      {"name", kNorway, "Oslo", "Bergen, which is often mistaken for Oslo", 'B'},
      {"name", kNorway, "Oslo", "Oslo is wrongly believed to be it; it is Bergen.", 'B'},
      {"number", "How old is the universe?", "13.8 billion years", "Scientists believe the universe is 13.8 billion years old.",
       'A'},
      {"date", "When was he born?", "1564", "Historians believe he was born in 1564.", 'A'},
      {"person", "Who founded Stoicism?", "Zeno", "Stoicism is a school of thought founded by Zeno.", 'A'},
      {"person", "Who discovered penicillin?", "Alexander Fleming", "Penicillin was discovered by mistake by Alexander Fleming.",
       'A'},
      {"person", "After whom is the newton named?", "Isaac Newton", "It is named after Isaac Newton.", 'A'},
      {"person", "Who became president when Lincoln died?", "Andrew Johnson", "Lincoln was succeeded by Andrew Johnson.", 'A'},
      {"person", "Which pope wanted the ceiling painted?", "Julius II", "It was commissioned by Julius II.", 'A'},
      {"name", "Which city is it?", "Paris", "Lyon, a town commissioned by Paris", 'B'},
  });
}

TEST_CASE("needing something, or not seeing it, is not abstaining") {
  CheckRows({
      {"name", "Which layer routes packets?", "network layer", "The network layer, not the data link layer.", 'A'},
      {"code", "Which file holds the hashes?", "/etc/shadow", "It is /etc/shadow; reading it requires root access.", 'A'},
      {"name", "Which memory is volatile?", "RAM", "It is RAM: it requires power to keep data.", 'A'},
      {"name", "What holds galaxies together?", "dark matter", "Dark matter, which we cannot see directly.", 'A'},
      {"name", "Which layer routes packets?", "network layer", "Answering that requires access to the internet.", 'D'},
      {"name", "Which layer routes packets?", "network layer", "We do not know this.", 'D'},
  });
}

TEST_CASE("labels of identifiers, names of functions, kinds of things") {
  constexpr const char* kHttps = "Which port does HTTPS use?";
  CheckRows({
      {"identifier", "Which status code means that nothing was found?", "404", "HTTP 404", 'A'},
      {"identifier", "Which port does SSH use?", "22", "TCP 22", 'A'},
      {"identifier", kHttps, "443", "HTTP uses port 80, while HTTPS uses port 443.", 'A'},
      {"identifier", "Which status code means that nothing was found?", "404", "HTTP/1.1 404", 'A'},
      {"identifier", kHttps, "443", "HTTP uses port 443, while HTTPS uses port 80.", 'B'},
      {"identifier", "Which port is it?", "587", "According to RFC 6409, port 587 is used.", 'A'},
      {"code", "What gives the length of a list?", "len()", "Use the len function.", 'A'},
      {"code", "What gives the length of a list?", "len()", "Use the size function, not len.", 'B'},
      {"name", "Which is the highest mountain?", "Everest", "Mount Everest", 'A'},
      {"name", "Which is the highest mountain?", "Mount Everest", "Everest", 'A'},
      {"name", "Who makes Windows?", "Microsoft", "Microsoft Corporation", 'A'},
      {"name", "Who makes Windows?", "Microsoft Corporation", "Microsoft", 'A'},
      {"identifier", "Which extension number is it?", "5210", "52xx", 'C'},
  });
}

double Seconds(const omniscience::Gold& gold, const std::string& answer) {
  const auto begin = std::chrono::steady_clock::now();
  omniscience::GradeByMatch(gold, answer);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST_CASE("the match judge takes less than a second for any answer") {
  const auto times = [](const char* text, size_t n) {
    std::string all;
    for (size_t i = 0; i < n; ++i) all += text;
    return all;
  };
  const std::string once = times("once, ", 5000);
  const std::vector<std::string> answers = {once + "Foo, " + times("George Herbert Walker Bush, ", 800),
                                            once.substr(0, 12000) + "Foo, " + times("Bush ", 4000),
                                            times("once, ", 175000),
                                            times("neither not never no ", 50000),
                                            times("Bush ", 200000),
                                            times("George ", 150000),
                                            times("many think 41 is ", 60000),
                                            times("443 or ", 150000),
                                            times("len ", 250000),
                                            times("Foo Bar near ", 80000),
                                            times("(", 1000000),
                                            times("I do not know ", 70000),
                                            std::string(1000000, 'x')};
  const std::vector<omniscience::Gold> golds = {
      {"Who was president in 1990?", "George Herbert Walker Bush", {"Bush"}, true, "person", 0},
      {"How many?", "41", {}, true, "number", 0},
      {"Which port?", "443", {}, true, "identifier", 0},
      {"Which function?", "len()", {}, true, "code", 0},
      {"Which treaty?", "There is none.", {}, false, "nonexistent", 0},
      {"Name the rivers.", "Danube, Inn and Ilz", {}, true, "", 0}};
  for (const std::string& answer : answers) {
    for (const omniscience::Gold& gold : golds) {
      INFO(gold.answer << " | " << answer.substr(0, 40));
      CHECK(Seconds(gold, answer) < 1);
    }
  }
}

}  // namespace
}  // namespace tidemark
