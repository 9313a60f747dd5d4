// Which macros take arguments and what is written for them, as pylatexenc 2.11 has it; used by latex_text.cc alone.
#ifndef TIDEMARK_EVALS_MATH_LATEX_MACROS_H_
#define TIDEMARK_EVALS_MATH_LATEX_MACROS_H_

#include <string_view>

namespace tidemark::math {

struct Symbol {
  std::u32string_view name, text;
};

// "name text;" one after the other.
inline constexpr std::u32string_view kSymbols =
    U";"
    U"oe œ;OE Œ;ae æ;AE Æ;aa å;AA Å;o ø;O Ø;ss ß;L Ł;l ł;i ı;j ȷ;& &;$ $;{ {;} };# #;_ _;backslash \\;hbar ħ;ell ℓ;"
    U"forall ∀;complement ∁;partial ∂;exists ∃;nexists ∄;varnothing ∅;emptyset ∅;aleph ℵ;nabla ∇;in ∈;notin ∉;ni ∋;"
    U"prod ∏;coprod ∐;sum ∑;setminus ∖;smallsetminus ∖;ast ∗;circ ∘;bullet ∙;propto ∝;infty ∞;parallel ∥;nparallel ∦;"
    U"wedge ∧;vee ∨;cap ∩;cup ∪;int ∫;iint ∬;iiint ∭;oint ∮;sim ∼;backsim ∽;simeq ≃;approx ≈;neq ≠;equiv ≡;le ≤;ge ≥;"
    U"leq ≤;geq ≥;leqslant ⩽;geqslant ⩾;leqq ≦;geqq ≧;ll ≪;gg ≫;prec ≺;succ ≻;preceq ≼;succeq ≽;subset ⊂;supset ⊃;"
    U"subseteq ⊆;supseteq ⊇;nsubseteq ⊈;subsetneq ⊊;supsetneq ⊋;cdot ·;times ×;otimes ⊗;oplus ⊕;bigotimes ⊗;"
    U"bigoplus ⊕;cos cos;sin sin;tan tan;arccos arccos;arcsin arcsin;arctan arctan;cosh cosh;sinh sinh;tanh tanh;"
    U"arccosh arccosh;arcsinh arcsinh;arctanh arctanh;ln ln;log log;exp exp;max max;min min;sup sup;inf inf;lim lim;"
    U"limsup lim sup;liminf lim inf;prime ';dag †;dagger †;pm ±;mp ∓;ldots …;cdots ⋯;ddots ⋱;vdots ⋮;dots …;dotsc …;"
    U"dotsb …;dotsm …;dotsi …;dotso …;langle ⟨;rangle ⟩;lvert |;rvert |;vert |;lVert ‖;rVert ‖;Vert ‖;mid |;nmid ∤;"
    U"uparrow ↑;downarrow ↓;rightarrow →;to →;leftarrow ←;longrightarrow ⟶;longleftarrow ⟵;alpha α;Alpha Α;beta β;"
    U"Beta Β;gamma γ;Gamma Γ;delta δ;Delta Δ;epsilon ϵ;Epsilon Ε;zeta ζ;Zeta Ζ;eta η;Eta Η;theta θ;Theta Θ;iota ι;"
    U"Iota Ι;kappa κ;Kappa Κ;lambda λ;Lambda Λ;mu μ;Mu Μ;nu ν;Nu Ν;xi ξ;Xi Ξ;omicron ο;Omicron Ο;pi π;Pi Π;rho ρ;"
    U"Rho Ρ;sigma σ;Sigma Σ;tau τ;Tau Τ;upsilon υ;Upsilon Υ;phi ϕ;Phi Φ;chi χ;Chi Χ;psi ψ;Psi Ψ;omega ω;Omega Ω;"
    U"varepsilon ε;vartheta ϑ;varpi ϖ;varrho ϱ;varsigma ς;varphi φ;- \u00AD;enskip \u2002;leftrightarrow ↔;mapsto ↦;"
    U"Leftarrow ⇐;Rightarrow ⇒;Leftrightarrow ⇔;rightangle ∟;angle ∠;measuredangle ∡;therefore ∴;because ∵;cong ≅;"
    U"approxeq ≊;doteq ≐;top ⊤;perp ⊥;bigwedge ⋀;bigvee ⋁;bigcap ⋂;bigcup ⋃;diamond ♢;star ⋆;bowtie ⋈;lceil ⌈;rceil ⌉;"
    U"lfloor ⌊;rfloor ⌋;square □;triangleright ▹;triangleleft ◃;lozenge ◊;bigcirc ◯;sharp ♯;flat ♭;natural ♮;"
    U"Longrightarrow ⟹;Longleftrightarrow ⟺;lbrace {;rbrace };lnot ¬;div ÷;mho ℧;surd √;textdegree °;textpm ±;"
    U"texttimes ×;textdiv ÷;textonehalf ½;textquoteright ’;textquoteleft ‘;textbackslash \\;texteuro €;textsterling £;"
    U"% %;";

inline constexpr Symbol kBlanks[] = {{U",", U" "},     {U";", U" "},        {U":", U" "},           {U" ", U" "},
                                     {U"quad", U"  "}, {U"qquad", U"    "}, {U"enskip", U"\u2002"}, {U"-", U"\u00AD"}};

enum class Form {
  kJoin,   // the arguments, nothing without them
  kPlain,  // the argument; "%s" without it
  kQuotient,
  kRoot,
  kAccent,  // a combining character after every character
  kStyle,   // letters of another alphabet
  kNot,
  kLast,  // the last argument
  kVanish,
};

// arguments: '*' an optional star, '[' an optional argument in brackets, '{' a group, a macro or one character.
struct Macro {
  std::u32string_view name;
  std::string_view arguments;
  Form form;
  char32_t extra = 0;  // combining character, or A of the alphabet (a follows 26 later)
};

inline constexpr Macro kMacros[] = {
    {U"frac", "{{", Form::kQuotient},
    {U"nicefrac", "{{", Form::kQuotient},
    {U"sqrt", "[{", Form::kRoot},
    {U"text", "{", Form::kJoin},
    {U"textrm", "{", Form::kJoin},
    {U"textit", "{", Form::kJoin},
    {U"textbf", "{", Form::kJoin},
    {U"textsc", "{", Form::kJoin},
    {U"textsl", "{", Form::kJoin},
    {U"emph", "{", Form::kJoin},
    {U"mathrm", "{", Form::kJoin},
    {U"overline", "{", Form::kPlain},
    {U"underline", "{", Form::kPlain},
    {U"widehat", "{", Form::kPlain},
    {U"widetilde", "{", Form::kPlain},
    {U"overrightarrow", "{", Form::kPlain},
    {U"overleftarrow", "{", Form::kPlain},
    {U"overleftrightarrow", "{", Form::kPlain},
    {U"overbrace", "{", Form::kPlain},
    {U"underbrace", "{", Form::kPlain},
    {U"ensuremath", "{", Form::kPlain},
    {U"textcolor", "[{{", Form::kLast},
    {U"colorbox", "[{{", Form::kLast},
    {U"mbox", "{", Form::kVanish},
    {U"textsf", "{", Form::kVanish},
    {U"texttt", "{", Form::kVanish},
    {U"textmd", "{", Form::kVanish},
    {U"textup", "{", Form::kVanish},
    {U"label", "{", Form::kVanish},
    {U"hspace", "*{", Form::kVanish},
    {U"color", "[{", Form::kVanish},
    {U"hphantom", "[{", Form::kVanish},
    {U"vphantom", "[{", Form::kVanish},
    {U"xrightarrow", "[{", Form::kVanish},
    {U"xleftarrow", "[{", Form::kVanish},
    {U"hat", "{", Form::kAccent, 0x302},
    {U"^", "{", Form::kAccent, 0x302},
    {U"tilde", "{", Form::kAccent, 0x303},
    {U"~", "{", Form::kAccent, 0x303},
    {U"bar", "{", Form::kAccent, 0x305},
    {U"=", "{", Form::kAccent, 0x304},
    {U"vec", "{", Form::kAccent, 0x20D7},
    {U"dot", "{", Form::kAccent, 0x307},
    {U".", "{", Form::kAccent, 0x307},
    {U"ddot", "{", Form::kAccent, 0x308},
    {U"\"", "{", Form::kAccent, 0x308},
    {U"acute", "{", Form::kAccent, 0x301},
    {U"'", "{", Form::kAccent, 0x301},
    {U"grave", "{", Form::kAccent, 0x300},
    {U"`", "{", Form::kAccent, 0x300},
    {U"check", "{", Form::kAccent, 0x30C},
    {U"breve", "{", Form::kAccent, 0x306},
    {U"not", "{", Form::kNot, 0x338},
    {U"mathbf", "{", Form::kStyle, 0x1D400},
    {U"mathit", "{", Form::kStyle, 0x1D434},
    {U"mathsf", "{", Form::kStyle, 0x1D5A0},
    {U"mathtt", "{", Form::kStyle, 0x1D670},
    {U"mathbb", "{", Form::kStyle, 0x1D538},
    {U"mathcal", "{", Form::kStyle, 0x1D49C},
    {U"mathscr", "{", Form::kStyle, 0x1D49C},
    {U"mathfrak", "{", Form::kStyle, 0x1D504},
};

// Letters whose place in the block of styled letters is empty, as they had a code point before.
struct Exception {
  char32_t alphabet, letter, styled;
};
inline constexpr Exception kStyledElsewhere[] = {
    {0x1D434, U'h', 0x210E}, {0x1D49C, U'B', 0x212C}, {0x1D49C, U'E', 0x2130}, {0x1D49C, U'F', 0x2131}, {0x1D49C, U'H', 0x210B},
    {0x1D49C, U'I', 0x2110}, {0x1D49C, U'L', 0x2112}, {0x1D49C, U'M', 0x2133}, {0x1D49C, U'R', 0x211B}, {0x1D49C, U'e', 0x212F},
    {0x1D49C, U'g', 0x210A}, {0x1D49C, U'o', 0x2134}, {0x1D504, U'C', 0x212D}, {0x1D504, U'H', 0x210C}, {0x1D504, U'I', 0x2111},
    {0x1D504, U'R', 0x211C}, {0x1D504, U'Z', 0x2128}, {0x1D538, U'C', 0x2102}, {0x1D538, U'H', 0x210D}, {0x1D538, U'N', 0x2115},
    {0x1D538, U'P', 0x2119}, {0x1D538, U'Q', 0x211A}, {0x1D538, U'R', 0x211D}, {0x1D538, U'Z', 0x2124},
};

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_LATEX_MACROS_H_
