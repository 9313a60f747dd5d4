// The vocabulary as one table, and longest match over it; see the header.
#include "evals/math/latex_lexer.h"

#include <algorithm>
#include <unordered_map>

namespace tidemark::math {
namespace {

struct Entry {
  Word word;
  std::string_view spellings;  // separated by blanks; "name=spelling" gives the token a text of its own
};

// Rows earlier in the table win where a spelling occurs twice.
constexpr Entry kVocabulary[] = {
    {Word::kTranspose, "^T ^{T} ^{\\top} '"},
    {Word::kDegree, "^\\circ ^\\degree ^\\circle ^° ^{\\circ} ^{\\degree} ^{\\circle} ^{°}"},
    {Word::kAdd, "+ ∔ ⊕ ⊞"},
    {Word::kSubtract, "- − ∸"},
    {Word::kMultiply, "* × ⋅ ⋄ ⊡ ∗ ⋆ ∘ ∙ ⊗ ⊠ ⋈ ⋉ ⋊ \\times \\cdot"},
    {Word::kDivide, "/ ÷ ∕ \\over \\div"},
    {Word::kLeftParen, "("},
    {Word::kRightParen, ")"},
    {Word::kLeftParenVisual, "\\("},
    {Word::kRightParenVisual, "\\)"},
    {Word::kLeftGroup, "\\lgroup"},
    {Word::kRightGroup, "\\rgroup"},
    {Word::kLeftBrace, "{"},
    {Word::kRightBrace, "}"},
    {Word::kLeftBraceVisual, "\\{"},
    {Word::kRightBraceVisual, "\\}"},
    {Word::kLeftBraceCommand, "\\lbrace"},
    {Word::kRightBraceCommand, "\\rbrace"},
    {Word::kLeftBracket, "["},
    {Word::kRightBracket, "]"},
    {Word::kLeftBrack, "\\lbrack"},
    {Word::kRightBrack, "\\rbrack"},
    {Word::kPhantom, "\\phantom"},
    {Word::kBoxed, "\\boxed"},
    {Word::kBar, "|"},
    {Word::kLeftVert, "\\lvert"},
    {Word::kRightVert, "\\rvert"},
    {Word::kVert, "\\vert"},
    {Word::kNorm, "\\|"},
    {Word::kLeftAngle, "\\langle"},
    {Word::kRightAngle, "\\rangle"},
    {Word::kLeftFloor, "\\lfloor"},
    {Word::kRightFloor, "\\rfloor"},
    {Word::kLeftLowCorner, "\\llcorner"},
    {Word::kRightLowCorner, "\\lrcorner"},
    {Word::kLeftCeil, "\\lceil"},
    {Word::kRightCeil, "\\rceil"},
    {Word::kLeftUpCorner, "\\ulcorner"},
    {Word::kRightUpCorner, "\\urcorner"},
    {Word::kLimit, "\\lim"},
    {Word::kTo, "\\to \\rightarrow \\Rightarrow \\longrightarrow \\Longrightarrow"},
    {Word::kIntegral, "\\int"},
    {Word::kSum, "\\sum"},
    {Word::kProduct, "\\prod"},
    {Word::kFunction,
     "log=\\log ln=\\ln exp=\\exp sin=\\sin cos=\\cos tan=\\tan csc=\\csc sec=\\sec cot=\\cot gamma=\\Gamma "
     "gamma=\\gamma arcsin=\\arcsin arccos=\\arccos arctan=\\arctan arccsc=\\arccsc arcsec=\\arcsec "
     "arccot=\\arccot sinh=\\sinh cosh=\\cosh tanh=\\tanh arsinh=\\arsinh arcosh=\\arcosh artanh=\\artanh "
     "arsinh=\\arcsinh arcosh=\\arccosh artanh=\\arctanh floor=\\floor ceil=\\ceil det=\\det"},
    {Word::kSingleName,
     "arsinh=arsinh arsinh=arcsinh arcosh=arcosh arcosh=arccosh artanh=artanh artanh=arctanh floor=floor "
     "ceil=ceil eye=eye cols=cols rows=rows norm=norm rank=rank trace=trace trace=tr rref=rref "
     "nullspace=nullspace eig=eig eig=eigen eig=diagonalize eigenvals=eigenvals eigenvals=eigenvalues "
     "eigenvects=eigenvects eigenvects=eigenvectors svd=svd svd=SVD"},
    {Word::kMultiName,
     "gcd=gcd lcm=lcm zeros=zeros ones=ones diag=diag hstack=hstack vstack=vstack orth=orth orth=ortho "
     "orth=orthogonal orth=orthogonalize"},
    {Word::kMultiFunction, "gcd=\\gcd lcm=\\lcm max=\\max min=\\min"},
    {Word::kSqrt, "\\sqrt"},
    {Word::kFraction, "\\frac \\dfrac \\tfrac \\cfrac"},
    {Word::kBinomial, "\\binom \\tbinom \\dbinom"},
    {Word::kChoose, "\\choose"},
    {Word::kModulo, "\\mod"},
    {Word::kOperatorName, "\\operatorname"},
    {Word::kMatrixStart, "\\begin{matrix} \\begin{pmatrix} \\begin{bmatrix}"},
    {Word::kMatrixEnd, "\\end{matrix} \\end{pmatrix} \\end{bmatrix}"},
    {Word::kArrayEnd, "\\end{array}"},
    {Word::kDeterminantStart, "\\begin{vmatrix}"},
    {Word::kDeterminantEnd, "\\end{vmatrix}"},
    {Word::kReserved,
     "matrix pmatrix bmatrix vmatrix <-> <=> \\leftrightarrow \\Leftrightarrow \\xrightarrow \\xRightarrow . "
     "\\mathbb{P} ℙ"},
    {Word::kColumn, "&"},
    {Word::kRow, "\\\\"},
    {Word::kUnderscore, "_"},
    {Word::kCaret, "^"},
    {Word::kColon, ":"},
    {Word::kSemicolon, ";"},
    {Word::kComma, ","},
    {Word::kEuler, "e \\exponentialE"},
    {Word::kCapitalE, "E"},
    {Word::kIn, "\\in"},
    {Word::kAssign, "= ≡ ≣ ≟ ≎ ≏ ≐ ≑ ≒ ≓ ≔ ≕ ≖ ≗"},
    {Word::kEquivalent, "== \\equiv"},
    {Word::kApproximately, "~= ≈ ≊ ≋ ≃ ≅ \\approx"},
    {Word::kLess, "< ≪ ≺ ⋖ \\lt"},
    {Word::kLessEqual, "\\leq \\le \\leqslant ≤ ≦ ≲ ≾ <="},
    {Word::kGreater, "> ≫ ≻ ⋗ \\gt"},
    {Word::kGreaterEqual, "\\geq \\ge \\geqslant ≥ ≧ ≳ ≿ >="},
    {Word::kUnequal, "!= !== \\ne \\neq \\not\\equiv ≠ ≁ ≄ ≇ ≉ ≢"},
    {Word::kBang, "!"},
    {Word::kGreek,
     "alpha=\\alpha alpha=α beta=\\beta beta=β gamma=γ Gamma=Γ delta=\\delta delta=δ Delta=\\Delta Delta=Δ epsilon=\\epsilon "
     "epsilon=ε varepsilon=\\varepsilon varepsilon=ϵ zeta=\\zeta zeta=ζ eta=\\eta eta=η theta=\\theta theta=θ Theta=\\Theta "
     "Theta=Θ vartheta=\\vartheta vartheta=ϑ iota=\\iota iota=ι kappa=\\kappa kappa=κ lambda=\\lambda lambda=λ Lambda=\\Lambda "
     "Lambda=Λ mu=\\mu mu=μ nu=\\nu nu=ν xi=\\xi xi=ξ Xi=\\Xi Xi=Ξ omicron=\\omicron omicron=ο pi=\\pi pi=π Pi=\\Pi Pi=Π "
     "varpi=\\varpi rho=\\rho rho=ρ varrho=\\varrho varrho=ϱ sigma=\\sigma sigma=σ Sigma=\\Sigma Sigma=Σ varsigma=\\varsigma "
     "varsigma=ς tau=\\tau tau=τ upsilon=\\upsilon upsilon=υ Upsilon=\\Upsilon Upsilon=Υ phi=\\phi phi=φ Phi=\\Phi Phi=Φ "
     "varphi=\\varphi varphi=ϕ chi=\\chi chi=χ psi=\\psi psi=ψ Psi=\\Psi Psi=Ψ omega=\\omega omega=ω Omega=\\Omega Omega=Ω"},
    {Word::kSymbol,
     "Bbbk=\\Bbbk wp=\\wp nabla=\\nabla bigstar=\\bigstar angle=\\angle nexists=\\nexists diagdown=\\diagdown "
     "measuredangle=\\measuredangle eth=\\eth ℵ=ℵ ℶ=ℶ ℷ=ℷ ℸ=ℸ diagup=\\diagup sphericalangle=\\sphericalangle "
     "clubsuit=\\clubsuit Diamond=\\Diamond complement=\\complement diamondsuit=\\diamondsuit imath=\\imath Finv=\\Finv "
     "triangledown=\\triangledown heartsuit=\\heartsuit jmath=\\jmath Game=\\Game triangle=\\triangle spadesuit=\\spadesuit "
     "ell=\\ell hbar=\\hbar vartriangle=\\vartriangle hslash=\\hslash blacklozenge=\\blacklozenge lozenge=\\lozenge "
     "blacksquare=\\blacksquare mho=\\mho blacktriangle=\\blacktriangle sharp=\\sharp prime=\\prime Im=\\Im flat=\\flat "
     "square=\\square backprime=\\backprime Re=\\Re natural=\\natural surd=\\surd circledS=\\circledS varnothing=\\varnothing"},
    {Word::kPartial, "\\partial"},
    {Word::kInfinity, "\\infty \\$\\infty \\infty\\% \\infty%"},
    {Word::kNamedSet, "N=\\mathbb{N} N=ℕ Z=\\mathbb{Z} Z=ℤ Q=\\mathbb{Q} Q=ℚ R=\\mathbb{R} R=ℝ C=\\mathbb{C} C=ℂ"},
    {Word::kUnion, "\\cup ∪"},
    {Word::kIntersection, "\\cap ∩"},
    {Word::kSetMinus, "\\setminus ∖"},
    {Word::kPlusMinus, "\\pm ± ∓ \\mp"},
    {Word::kEmptySet, "\\emptyset ∅ \\{\\} \\lbrace\\rbrace"},
    {Word::kSuperset, "\\supseteq ⊇"},
    {Word::kSubset, "\\subseteq ⊆"},
    {Word::kNotIn, "\\notin ∉"},
};

constexpr std::string_view kSkipped[] = {
    "\\,",     "\\thinspace",    "\\:",           "\\medspace",      "\\;", "\\thickspace", "\\quad",    "\\qquad",
    "\\!",     "\\negthinspace", "\\negmedspace", "\\negthickspace", "\\$", "\\vrule",      "\\vcenter", "\\vbox",
    "\\vskip", "\\vspace",       "\\hfil",
};

constexpr std::string_view kAccents[] = {
    "\\acute",     "\\bar",        "\\overline",   "\\breve",    "\\check",     "\\widecheck",    "\\dot",
    "\\ddot",      "\\grave",      "\\hat",        "\\tilde",    "\\widetilde", "\\vec",          "\\overrightarrow",
    "\\bm",        "\\boldsymbol", "\\text",       "\\textit",   "\\textbf",    "\\textnormal",   "\\mathbb",
    "\\mathbin",   "\\mathbf",     "\\mathcal",    "\\mathclap", "\\mathclose", "\\mathellipsis", "\\mathfrak",
    "\\mathinner", "\\mathit",     "\\mathnormal", "\\mathop",   "\\mathopen",  "\\mathord",      "\\mathpunct",
    "\\mathrel",   "\\mathring",   "\\mathrlap",   "\\mathrm",   "\\mathscr",   "\\mathsf",       "\\mathsterling",
    "\\mathtt",    "\\mbox",
};

constexpr size_t kLongestSpelling = 19;  // \begin{pmatrix}, \negthickspace, \longrightarrow, \Longrightarrow, ...

struct Meaning {
  Word word = Word::kReserved;
  std::string_view text;
  bool skipped = false;
};

const std::unordered_map<std::string_view, Meaning>& Vocabulary() {
  static const auto* table = [] {
    auto* made = new std::unordered_map<std::string_view, Meaning>;
    for (const Entry& entry : kVocabulary) {
      std::string_view rest = entry.spellings;
      while (!rest.empty()) {
        const size_t blank = std::min(rest.find(' '), rest.size());
        std::string_view spelling = rest.substr(0, blank);
        rest.remove_prefix(std::min(blank + 1, rest.size()));
        if (spelling.empty()) continue;
        std::string_view text = spelling;
        const size_t equals = spelling.find('=');
        const bool named = equals != std::string_view::npos && equals > 0 && equals + 1 < spelling.size() &&
                           (entry.word == Word::kFunction || entry.word == Word::kSingleName || entry.word == Word::kMultiName ||
                            entry.word == Word::kMultiFunction || entry.word == Word::kGreek || entry.word == Word::kSymbol ||
                            entry.word == Word::kNamedSet);
        if (named) {
          text = spelling.substr(0, equals);
          spelling = spelling.substr(equals + 1);
        }
        made->emplace(spelling, Meaning{entry.word, text, false});
      }
    }
    for (std::string_view spelling : kSkipped) made->emplace(spelling, Meaning{Word::kReserved, spelling, true});
    return made;
  }();
  return *table;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Length of digits with at most one point that has digits after it; 0: no number here.
size_t NumberLength(std::string_view s) {
  size_t digits = 0;
  while (digits < s.size() && IsDigit(s[digits])) ++digits;
  if (digits + 1 < s.size() && s[digits] == '.' && IsDigit(s[digits + 1])) {
    size_t end = digits + 1;
    while (end < s.size() && IsDigit(s[end])) ++end;
    return end;
  }
  return digits;
}

// A number with what may belong to it: an exponent 2E5, a percent sign after at most one blank.
Token NumberToken(std::string_view s) {
  Token token{Word::kNumber, std::string(s.substr(0, NumberLength(s))), 0, 0};
  const size_t length = token.text.size();
  token.end = static_cast<uint32_t>(length);
  if (length < s.size() && s[length] == 'E') {
    size_t end = length + 1;
    if (end < s.size() && (s[end] == '+' || s[end] == '-')) ++end;
    const size_t first = end;
    while (end < s.size() && IsDigit(s[end])) ++end;
    if (end > first) {
      token.word = Word::kScientific;
      token.text = s.substr(0, end);
      token.end = static_cast<uint32_t>(end);
      return token;
    }
  }
  size_t sign = length + (length < s.size() && IsBlank(s[length]) ? 1 : 0);
  if (sign < s.size() && s[sign] == '\\') ++sign;
  if (sign < s.size() && s[sign] == '%') {
    token.word = Word::kPercentNumber;
    token.end = static_cast<uint32_t>(sign + 1);
  }
  return token;
}

// \text{...}, \vec{...}: up to the first closing brace. 0: none here.
size_t AccentLength(std::string_view s) {
  size_t name = 1;
  while (name < s.size() && IsLetter(s[name])) ++name;
  if (std::find(std::begin(kAccents), std::end(kAccents), s.substr(0, name)) == std::end(kAccents)) return 0;
  if (name < s.size() && IsBlank(s[name])) ++name;
  if (name >= s.size() || s[name] != '{') return 0;
  const size_t close = s.find('}', name);
  return close == std::string_view::npos ? 0 : close + 1;
}

// "d" and a letter or command after any blanks is one word: the differential of calculus, but also "cd" inside a name.
size_t DifferentialLength(std::string_view s, std::string& text) {
  size_t at = 1;
  while (at < s.size() && IsBlank(s[at])) ++at;
  if (at >= s.size()) return 0;
  size_t end = at;
  if (IsLetter(s[at])) {
    end = at + 1;
  } else if (s[at] == '\\') {
    end = at + 1;
    while (end < s.size() && IsLetter(s[end])) ++end;
    if (end == at + 1) return 0;
    ++at;
  } else {
    return 0;
  }
  text = "d" + std::string(s.substr(at, end - at));
  return end;
}

// \begin{array}{ccl}
size_t ArrayStartLength(std::string_view s) {
  constexpr std::string_view kStart = "\\begin{array}{";
  if (s.substr(0, kStart.size()) != kStart) return 0;
  size_t end = kStart.size();
  while (end < s.size() && (s[end] == 'c' || s[end] == 'l' || s[end] == 'r')) ++end;
  return end < s.size() && s[end] == '}' ? end + 1 : 0;
}

// The longest spelling of the vocabulary at the start of s. 0: none.
size_t SpellingLength(std::string_view s, Meaning& meaning) {
  const auto& vocabulary = Vocabulary();
  for (size_t length = std::min(kLongestSpelling, s.size()); length > 0; --length) {
    const auto found = vocabulary.find(s.substr(0, length));
    if (found == vocabulary.end()) continue;
    meaning = found->second;
    return length;
  }
  return 0;
}

}  // namespace

bool Tokenize(std::string_view latex, std::vector<Token>& tokens) {
  tokens.clear();
  size_t at = 0;
  while (at < latex.size()) {
    const std::string_view rest = latex.substr(at);
    const char c = rest[0];
    if (IsBlank(c)) {
      ++at;
      continue;
    }
    Token token;
    if (NumberLength(rest) > 0) {
      token = NumberToken(rest);
    } else {
      Meaning meaning;
      size_t length = SpellingLength(rest, meaning);
      token = Token{meaning.word, std::string(meaning.text), 0, static_cast<uint32_t>(length)};
      bool skipped = length > 0 && meaning.skipped;
      std::string text;
      if (c == '\\') {
        if (const size_t accent = AccentLength(rest); accent > length) {
          token = Token{Word::kAccent, std::string(rest.substr(0, accent)), 0, static_cast<uint32_t>(accent)};
          skipped = false;
        }
        if (const size_t array = ArrayStartLength(rest); array > token.end) {
          token = Token{Word::kArrayStart, "", 0, static_cast<uint32_t>(array)};
        }
      } else if (c == 'd') {
        if (const size_t differential = DifferentialLength(rest, text); differential > length) {
          token = Token{Word::kDifferential, text, 0, static_cast<uint32_t>(differential)};
        }
      }
      if (token.end == 0) {
        if (!IsLetter(c)) return false;
        token = Token{Word::kLetter, std::string(1, c), 0, 1};
      }
      if (skipped) {
        at += length;
        continue;
      }
    }
    token.begin = static_cast<uint32_t>(at);
    token.end += static_cast<uint32_t>(at);
    at = token.end;
    tokens.push_back(std::move(token));
  }
  tokens.push_back(Token{Word::kEnd, "", static_cast<uint32_t>(latex.size()), static_cast<uint32_t>(latex.size())});
  return true;
}

}  // namespace tidemark::math
