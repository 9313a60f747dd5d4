"""Format instructions of the IFEval kinds on small topics: a prompt, the checker arguments, and a reply that follows them.

A reply is built, not searched: sentences on the topic are drawn and then shaped by each instruction. The split: a prompt whose (topic,
instructions, arguments) hashes to 0 modulo 10 is held out, and so are the topics of EVAL_TOPICS and the last wording of every instruction.
"""
import hashlib
import json
import re

TOPICS = """tea;the sea;a bicycle;an owl;a garden;bread;a small boat;the moon;a library;a cat;winter;a train ride;a bridge;rain;an umbrella;a kite;
a lamp;the market;a snail;cheese;a violin;a letter;the forest;a clock;honey;a lake;a window;soup;a river;a horse;a ladder;snow;a teapot;the wind;
a map;a candle;an island;a drum;a bakery;spring;a pencil;the harbour;a tomato;a tent;a puppet;music;a hat;a farm;salt;a well;an orchard;a spoon;
the desert;a piano;a camera;a garden gate;coffee;a sailing trip;a museum;a blue door;an old book;a picnic;a walk in the park;a birthday party;
a rainy day;a long journey;a new house;a quiet street;a fishing trip;a weekend at home;a school play;a morning swim""".replace("\n", "").split(";")
EVAL_TOPICS = "a lighthouse;a cactus;an evening walk;a packing list;a ferry ride;autumn;a paper plane;a mountain hut;a dog;chess;a bus stop;apple pie".split(";")
KEYWORDS = """lantern harbour water green stone paper silver village bread garden friend morning music winter summer river bottle window story mountain
pepper basket cotton island forest ticket castle ribbon engine orange pocket market wooden golden circle shadow bridge planet butter""".split()
EVAL_KEYWORDS = "candle feather pebble meadow copper saddle lemon anchor".split()
ADJ = "good calm small useful bright simple strange warm quiet old fine happy gentle rare clear".split()
PLACE = "at home;in the town;by the sea;in the garden;near the hill;on the road;in the kitchen;under the trees".split(";")
TIME = "in the morning;at noon;every day;in the evening;at night;on a holiday;after lunch;all year".split(";")
PLAIN = ["{T} is {a} and {b}.", "Many people enjoy {t} {w}.", "I like {t} {p}.", "You can find {t} {p}.", "{T} can be {a} {w}.", "There is much to say about {t}.",
         "People talk about {t} {w}.", "Most of us think of {t} {p}.", "Nothing is as {a} as {t}.", "We often meet {t} {p}.", "{T} makes the day {a}.",
         "It is {a} to have {t} {w}.", "A friend told me about {t}.", "The story of {t} is {a}.", "One needs time for {t}."]
COMMA = ["Yes, {t} is {a}.", "{W}, {t} is {a} and {b}.", "{P}, people like {t}.", "It is {a}, {b} and well known.", "In short, {t} is {a}."]
ITEMS = ["it is {a}", "it is {a} and {b}", "it is found {p}", "people like it {w}", "it makes the day {a}", "it helps {w}", "it costs little", "it feels {a}",
         "you can share it {p}", "it keeps you {a}", "it is never {a} for long", "it goes well with a friend"]
TASKS = ["Write about {t}.", "Tell me about {t}.", "Describe {t}.", "Write a short text about {t}.", "Say something about {t}.", "Explain why people like {t}.",
         "What do you think of {t}?", "Give some advice about {t}.", "Write a short story about {t}.", "Write a note about {t}.", "What is good about {t}?",
         "Write a short poem about {t}.", "Write an advertisement for {t}.", "Help me to understand {t}.", "Write an email about {t}."]
ENDINGS = ["That is all.", "Have a nice day.", "Thank you for reading.", "Is there anything else?", "This is the end.", "Good luck to you.", "See you soon.", "I hope this helps."]
EVAL_ENDINGS = ["Sleep well.", "Any other questions?", "That was my answer.", "Come again."]
LANGUAGES = {
    "de": ("German", ["Das ist eine sehr gute Frage.", "Viele Menschen mögen das und reden gern darüber.", "Am Morgen ist es besonders schön.", "Man braucht dafür nur ein wenig Zeit."]),
    "es": ("Spanish", ["Esta es una muy buena pregunta.", "A mucha gente le gusta hablar de esto.", "Por la mañana es muy bonito.", "Solo se necesita un poco de tiempo."]),
    "fr": ("French", ["C'est une très bonne question.", "Beaucoup de gens aiment en parler.", "Le matin c'est vraiment très beau.", "Il faut seulement un peu de temps."]),
    "it": ("Italian", ["Questa è una domanda molto bella.", "A molte persone piace parlare di questo.", "La mattina è davvero molto bello.", "Ci vuole solo un poco di tempo."]),
    "ru": ("Russian", ["Это очень хороший вопрос.", "Многие люди любят говорить об этом.", "Утром это особенно красиво.", "Для этого нужно только немного времени."]),
    "pt": ("Portuguese", ["Esta é uma pergunta muito boa.", "Muitas pessoas gostam de falar sobre isto.", "De manhã é muito bonito.", "Só é preciso um pouco de tempo."]),
}
# Wordings per instruction; the last one occurs only in evaluation.
WORDS = {
    "punctuation:no_comma": ["Do not use any commas.", "Do not use commas in your answer.", "Avoid commas.", "Your answer must not contain a comma.", "Use no commas at all.",
                             "Refrain from the use of commas."],
    "detectable_format:number_bullet_lists": ["Use exactly {n} bullet points.", "Answer with exactly {n} bullet points, such as * this is a point.", "Give exactly {n} markdown bullet points.",
                                              "Your answer must contain exactly {n} bullet points. Use * for each one.", "List {n} points, each on a line that begins with *.",
                                              "Reply in exactly {n} bullets in markdown format."],
    "length_constraints:number_words": ["Use {rel} {n} words.", "Answer with {rel} {n} words.", "Your answer should contain {rel} {n} words.", "Write {rel} {n} words.", "The answer must have {rel} {n} words."],
    "length_constraints:number_sentences": ["Use {rel} {n} sentences.", "Answer with {rel} {n} sentences.", "Your answer should contain {rel} {n} sentences.", "Write {rel} {n} sentences.",
                                            "The answer must have {rel} {n} sentences."],
    "keywords:existence": ["Include the words {kw}.", "Use the words {kw} in your answer.", "Your answer must include the keywords {kw}.", "Mention {kw}.", "Make sure that the words {kw} appear."],
    "keywords:forbidden_words": ["Do not use the words {kw}.", "Do not include the words {kw} in your answer.", "Avoid the words {kw}.", "The words {kw} are forbidden.", "Leave out the words {kw}."],
    "keywords:frequency": ["Use the word {k} {rel} {n} times.", "The word {k} should appear {rel} {n} times.", "Include the word {k} {rel} {n} times.", "Make the word {k} occur {rel} {n} times."],
    "keywords:letter_frequency": ["Use the letter {k} {rel} {n} times.", "The letter {k} should appear {rel} {n} times.", "Make the letter {k} occur {rel} {n} times."],
    "language:response_language": ["Answer in {l}; no other language is allowed.", "Your whole answer must be in {l}.", "Write only in {l}.", "Reply in {l}.", "Use the {l} language and no other."],
    "detectable_content:number_placeholders": ["Use at least {n} placeholders in square brackets, such as [name].", "Include at least {n} placeholders like [date].",
                                               "The answer must contain at least {n} placeholders in square brackets.", "Put in {n} or more placeholders such as [place]."],
    "detectable_content:postscript": ["At the end add a postscript that starts with {m}", "Finish with a postscript that begins with {m}", "Add a postscript starting with {m}",
                                      "Close with a postscript marked {m}"],
    "detectable_format:constrained_response": ['Answer with one of: "My answer is yes.", "My answer is no.", "My answer is maybe."', "Reply with \"My answer is yes.\", \"My answer is no.\" or \"My answer is maybe.\"",
                                               'Choose from: "My answer is yes.", "My answer is no.", "My answer is maybe."', 'Your answer must be one of "My answer is yes.", "My answer is no." and "My answer is maybe."'],
    "detectable_format:number_highlighted_sections": ["Highlight at least {n} parts with *asterisks*.", "Highlight at least {n} sections in markdown, such as *highlighted section*.",
                                                      "Mark at least {n} phrases with single asterisks.", "Highlight {n} or more phrases like *this*."],
    "detectable_format:multiple_sections": ["Use {n} sections, each beginning with {k} and its number, such as {k} 1.", "Your answer must have {n} sections. Mark each with {k} X, where X is its number.",
                                            "Split the answer into {n} sections called {k} 1 and so on.", "Write {n} parts, each headed {k} and a number."],
    "detectable_format:json_format": ["Give the whole answer as JSON.", "Answer in JSON format.", "Wrap the entire output in JSON format. You can use ```json ticks.", "Reply with a JSON object and nothing else.",
                                      "Put your whole reply in JSON."],
    "detectable_format:title": ["Add a title in double angular brackets, such as <<title>>.", "Your answer must have a title in double angular brackets, such as <<my title>>.", "Give it a title wrapped in << and >>.",
                                "Include a title inside double angular brackets, like <<a title>>."],
    "combination:two_responses": ["Give two different answers, separated by six asterisks: ******", "Provide two different responses separated by ******", "Answer twice and put ****** between the two answers.",
                                  "Write two different replies with six asterisks ****** between them."],
    "startend:end_checker": ["End with the exact phrase \"{k}\" and nothing after it.", "Finish your answer with the phrase \"{k}\"", "The last words must be \"{k}\"", "Close with exactly this phrase: \"{k}\""],
    "startend:quotation": ["Put your whole answer in double quotation marks.", "Wrap your entire response with double quotation marks.", "The whole answer must be in double quotation marks.", "Enclose everything in double quotation marks."],
    "change_case:capital_word_frequency": ["Write {rel} {n} words in all capital letters.", "Use {rel} {n} words in capital letters.", "{rel2} {n} words should be in all capital letters."],
    "change_case:english_capital": ["Use only capital letters.", "Answer in English and in all capital letters.", "Write everything in capital letters.", "Your entire answer should be in English, in all capital letters.",
                                    "All letters must be capital letters."],
    "change_case:english_lowercase": ["Use only lowercase letters.", "Answer in English and in all lowercase letters.", "Write everything in lowercase letters.", "Your entire answer should be in all lowercase letters, with no capital letters.",
                                      "All letters must be lowercase."],
    "length_constraints:number_paragraphs": ["Write {n} paragraphs separated by the markdown divider ***", "There should be {n} paragraphs. Separate them with ***", "Use exactly {n} paragraphs with *** between them.",
                                             "Answer in {n} paragraphs divided by ***"],
    "length_constraints:nth_paragraph_first_word": ["Write {n} paragraphs separated by two newlines. Paragraph {i} must start with the word \"{k}\".", "Use {n} paragraphs, with a blank line between them. Paragraph {i} must begin with \"{k}\".",
                                                    "There should be {n} paragraphs. Paragraph {i} starts with the word {k}."],
    "combination:repeat_prompt": ["First repeat the request above word for word, then answer it.", "First repeat the request above without change, then give your answer. Say nothing before it.", "Before you answer, repeat the request above word for word.",
                                  "Repeat the request above word for word first and then answer."],
}
SHAPES = ["detectable_format:number_bullet_lists", "detectable_format:multiple_sections", "detectable_format:json_format", "combination:two_responses", "length_constraints:number_paragraphs",
          "length_constraints:nth_paragraph_first_word", "detectable_format:constrained_response", "language:response_language"]
MODIFIERS = ["punctuation:no_comma", "length_constraints:number_words", "length_constraints:number_sentences", "keywords:existence", "keywords:forbidden_words", "keywords:frequency", "keywords:letter_frequency",
             "detectable_content:number_placeholders", "detectable_content:postscript", "detectable_format:number_highlighted_sections", "detectable_format:title", "startend:end_checker", "startend:quotation",
             "change_case:capital_word_frequency", "change_case:english_capital", "change_case:english_lowercase", "combination:repeat_prompt"]
LENGTH = {"length_constraints:number_words", "length_constraints:number_sentences"}
CASE = {"change_case:english_capital", "change_case:english_lowercase", "change_case:capital_word_frequency", "keywords:letter_frequency"}
ALONE = {"detectable_format:constrained_response", "language:response_language", "detectable_format:json_format"}
# Pairs that the builder cannot serve together or that would contradict each other.
CLASH = [CASE, LENGTH, {"startend:end_checker", "detectable_content:postscript"}, {"startend:end_checker", "change_case:english_capital"}, {"startend:end_checker", "change_case:english_lowercase"},
         {"combination:repeat_prompt", "startend:quotation"}, {"combination:repeat_prompt", "change_case:english_capital"}, {"combination:repeat_prompt", "change_case:english_lowercase"},
         {"combination:repeat_prompt", "punctuation:no_comma"}, {"combination:repeat_prompt", "change_case:capital_word_frequency"}, {"combination:repeat_prompt", "keywords:letter_frequency"},
         {"combination:repeat_prompt", "keywords:forbidden_words"}, {"combination:repeat_prompt", *LENGTH}, {"combination:repeat_prompt", "detectable_format:title"}]


def compatible(a, b):
    if a == b or {a, b} & ALONE:
        return False
    if a in SHAPES and (b in SHAPES or b in LENGTH or b == "combination:repeat_prompt"):
        return False
    return not any(a in group and b in group for group in CLASH)


def choose(r):
    """One to two instruction ids that go together."""
    first = r.choice(SHAPES if r.random() < 0.36 else MODIFIERS)
    if r.random() < 0.3:
        others = [m for m in MODIFIERS if compatible(first, m) and compatible(m, first)]
        if others:
            return [first, r.choice(others)]
    return [first]


def quoted(words):
    q = [f'"{w}"' for w in words]
    return q[0] if len(q) == 1 else " and ".join(q)


def wide_topic(r):
    """A thing with a property, a place or an invented name: thousands of them, so that the topic must be copied and not recognised."""
    noun = re.sub(r"^(a|an|the) ", "", r.choice(TOPICS))
    form = r.randint(0, 3)
    if form == 0:
        return f"the {r.choice(ADJ)} {noun}"
    if form == 1:
        return f"the {noun} {r.choice(PLACE)}"
    if form == 2:
        return f"the {wide_word(r).capitalize()} {noun}"
    return f"the {noun} and {r.choice(TOPICS)}"


def wide_word(r):
    """An invented word of two or three syllables."""
    return "".join(r.choice("b c d f g h k l m n p r s t v w br st tr pl".split()) + r.choice("a e i o u ea ou".split()) for _ in range(r.randint(2, 3))) + r.choice(["", "n", "r", "t", "ll"])


def wide_ending(r):
    return r.choice(["{W} is here.", "Ask for {w} soon.", "We all need {w}.", "More about {w} next time.", "Any words on {w}?", "{W} and {v} for all."]).format(
        w=wide_word(r), W=wide_word(r).capitalize(), v=wide_word(r))


def arguments(r, kind, evaluation, wide=False):
    """(kwargs of the checker, fields of the wording)."""
    words = [wide_word(r) for _ in range(4)] if wide else KEYWORDS + EVAL_KEYWORDS * 3 if evaluation else KEYWORDS
    rel = r.choice(["at least", "less than"])
    if kind == "detectable_format:number_bullet_lists":
        n = r.randint(2, 6)
        return dict(num_bullets=n), dict(n=n)
    if kind == "length_constraints:number_words":
        n = r.choice([10, 12, 15, 18, 20, 25, 30]) if rel == "at least" else r.choice([15, 20, 25, 30, 40, 50])
        return dict(relation=rel, num_words=n), dict(rel=rel, n=n)
    if kind == "length_constraints:number_sentences":
        n = r.randint(2, 5)
        return dict(relation=rel, num_sentences=n), dict(rel=rel, n=n)
    if kind == "keywords:existence":
        kw = r.sample(words, r.randint(1, 2))
        return dict(keywords=kw), dict(kw=quoted(kw))
    if kind == "keywords:forbidden_words":
        kw = r.sample(ADJ + ["people", "friend", "day", "like", "find", "morning", "night", "garden"], r.randint(1, 2))
        return dict(forbidden_words=kw), dict(kw=quoted(kw))
    if kind == "keywords:frequency":
        k, n = r.choice(words), r.randint(2, 4)
        return dict(relation=rel, keyword=k, frequency=n), dict(k=f'"{k}"', rel=rel, n=n)
    if kind == "keywords:letter_frequency":
        k, n = (r.choice("aeiot"), r.randint(2, 6)) if rel == "at least" else (r.choice("zqxjk"), r.randint(2, 5))
        return dict(letter=k, let_frequency=n, let_relation=rel), dict(k=k, rel=rel, n=n)
    if kind == "language:response_language":
        code = r.choice(list(LANGUAGES))
        return dict(language=code), dict(l=LANGUAGES[code][0])
    if kind == "detectable_content:number_placeholders":
        n = r.randint(1, 4)
        return dict(num_placeholders=n), dict(n=n)
    if kind == "detectable_content:postscript":
        m = r.choice(["P.S.", "P.P.S"])
        return dict(postscript_marker=m), dict(m=m)
    if kind == "detectable_format:number_highlighted_sections":
        n = r.randint(1, 4)
        return dict(num_highlights=n), dict(n=n)
    if kind == "detectable_format:multiple_sections":
        n, k = r.randint(2, 4), r.choice(["SECTION", "Section", "PART"])
        return dict(section_spliter=k, num_sections=n), dict(n=n, k=k)
    if kind == "startend:end_checker":
        k = wide_ending(r) if wide else r.choice(EVAL_ENDINGS + ENDINGS if evaluation else ENDINGS)
        return dict(end_phrase=k), dict(k=k)
    if kind == "change_case:capital_word_frequency":
        n = r.randint(1, 5) if rel == "at least" else r.randint(3, 8)
        return dict(capital_relation=rel, capital_frequency=n), dict(rel=rel, rel2=rel.capitalize(), n=n)
    if kind == "length_constraints:number_paragraphs":
        n = r.randint(2, 5)
        return dict(num_paragraphs=n), dict(n=n)
    if kind == "length_constraints:nth_paragraph_first_word":
        n = r.randint(2, 4)
        i, k = r.randint(1, n), words[0] if wide else r.choice(["slowly", "today", "often", "once", "maybe", "water", "people", "outside"])
        return dict(num_paragraphs=n, nth_paragraph=i, first_word=k), dict(n=n, i=i, k=k)
    return {}, {}


class Writer:
    """Sentences on one topic that respect the word-level instructions."""

    def __init__(self, r, topic, spec):
        self.r, self.topic, self.spec = r, topic, spec
        self.commas = "punctuation:no_comma" not in spec
        self.banned = [w.lower() for w in spec.get("keywords:forbidden_words", {}).get("forbidden_words", [])]
        letter = spec.get("keywords:letter_frequency", {})
        self.no_letter = letter.get("letter") if letter.get("let_relation") == "less than" else None

    def fill(self, template):
        r, t = self.r, self.topic
        a, b = r.sample(ADJ, 2)
        p, w = r.choice(PLACE), r.choice(TIME)
        return template.format(t=t, T=t[0].upper() + t[1:], a=a, b=b, p=p, w=w, P=p.capitalize(), W=w.capitalize())

    def allowed(self, text):
        low = text.lower()
        return not any(re.search(rf"\b{w}\b", low) for w in self.banned) and not (self.no_letter and self.no_letter in low)

    def draw(self, templates):
        for _ in range(60):
            text = self.fill(self.r.choice(templates))
            if self.allowed(text):
                return text
        return self.fill(templates[0])

    def sentence(self):
        return self.draw(COMMA if self.commas and self.r.random() < 0.35 else PLAIN)

    def sentences(self, n):
        result = []
        while len(result) < n:
            s = self.sentence()
            if s not in result:
                result.append(s)
        return result

    def item(self):
        return self.draw(ITEMS)


def extras(r, spec):
    """Sentences that carry keywords and placeholders."""
    out = []
    for k in spec.get("keywords:existence", {}).get("keywords", []):
        out.append(r.choice(["I think of the word {k}.", "There is {k} in it.", "It goes with {k}.", "One more word is {k}."]).format(k=k))
    f = spec.get("keywords:frequency")
    if f:
        n = f["frequency"] if f["relation"] == "at least" else r.randint(0, f["frequency"] - 1)
        out += [["It goes with {k}.", "I think of {k}.", "Here is {k} again.", "There is {k} in it."][i % 4].format(k=f["keyword"]) for i in range(n)]
    n = spec.get("detectable_content:number_placeholders", {}).get("num_placeholders", 0)
    names = r.sample(["name", "date", "place", "time", "address", "city"], 6)
    out += [r.choice(["Write to [{k}].", "Please fill in [{k}].", "Ask for [{k}]."]).format(k=names[i]) for i in range(n)]
    return out


def highlight(r, sentences, n):
    out = list(sentences)
    for i in range(n):
        words = out[i % len(out)].rstrip(".").split(" ")
        free = [j for j, w in enumerate(words) if w.isalpha() and len(w) > 3] or [0]
        j = r.choice(free)
        words[j] = f"*{words[j]}*"
        out[i % len(out)] = " ".join(words) + "."
    return out


def count_words(text):
    return len(re.findall(r"\w+", text))


def body(r, spec, w):
    """The text before wrappers such as title and quotation marks."""
    if "detectable_format:constrained_response" in spec:
        return r.choice(["My answer is yes.", "My answer is no.", "My answer is maybe."])
    if "language:response_language" in spec:
        return " ".join(r.sample(LANGUAGES[spec["language:response_language"]["language"]][1], r.randint(2, 3)))
    if "detectable_format:json_format" in spec:
        text = json.dumps({"topic": w.topic, "points": [w.item() for _ in range(r.randint(1, 3))]})
        return "```json\n" + text + "\n```" if r.random() < 0.3 else text
    more = extras(r, spec)
    if "detectable_format:number_highlighted_sections" in spec:
        more = highlight(r, w.sentences(max(0, spec["detectable_format:number_highlighted_sections"]["num_highlights"])), spec["detectable_format:number_highlighted_sections"]["num_highlights"]) + more
    caps = spec.get("change_case:capital_word_frequency")
    if caps and caps["capital_relation"] == "at least":
        more.append("This is " + " ".join(a.upper() for a in r.sample(ADJ, caps["capital_frequency"])) + ".")
    lead = " ".join(more)
    if "detectable_format:number_bullet_lists" in spec:
        n = spec["detectable_format:number_bullet_lists"]["num_bullets"]
        opening = ["Here is a list. " + lead] if lead else ["Here is a list."] if "startend:quotation" in spec else []
        return "\n".join(opening + ["* " + w.item() for _ in range(n)])
    if "detectable_format:multiple_sections" in spec:
        s = spec["detectable_format:multiple_sections"]
        parts = [f"{s['section_spliter']} {i + 1}\n{w.sentence()}" for i in range(s["num_sections"])]
        return "\n".join(parts + ([lead] if lead else []))
    parts = [w.sentence() for _ in range(8)]
    parts[0] = " ".join([parts[0], lead]).strip()
    if "combination:two_responses" in spec:
        return parts[0] + "\n******\n" + w.sentence()
    if "length_constraints:number_paragraphs" in spec:
        return "\n***\n".join(parts[:spec["length_constraints:number_paragraphs"]["num_paragraphs"]])
    if "length_constraints:nth_paragraph_first_word" in spec:
        s = spec["length_constraints:nth_paragraph_first_word"]
        i = s["nth_paragraph"] - 1
        parts[i] = s["first_word"].capitalize() + " " + parts[i][0].lower() + parts[i][1:]
        return "\n\n".join(parts[:s["num_paragraphs"]])
    s = spec.get("length_constraints:number_sentences")
    n = r.randint(1, 3)
    if s:
        n = s["num_sentences"] if s["relation"] == "at least" else r.randint(1, s["num_sentences"] - 1)
        n = max(n - len(more), 0 if more else 1) if s["relation"] == "less than" else n
    out = more + w.sentences(n)
    r.shuffle(out)
    if s and s["relation"] == "less than":
        out = out if len(out) < s["num_sentences"] else [" ".join(x.rstrip(".") for x in out) + "."]
    s = spec.get("length_constraints:number_words")
    if s and s["relation"] == "at least":
        while count_words(" ".join(out)) < s["num_words"] + 2:
            out.append(w.sentence())
    elif s:
        while len(out) > 1 and count_words(" ".join(out)) >= s["num_words"]:
            out.pop()
    s = spec.get("keywords:letter_frequency")
    if s and s["let_relation"] == "at least":
        while " ".join(out).lower().count(s["letter"]) < s["let_frequency"]:
            out.append(w.sentence())
    return " ".join(out)


def reply(r, spec, topic, request):
    w = Writer(r, topic, spec)
    text = body(r, spec, w)
    if "detectable_format:title" in spec:
        name = re.sub(r"^(a|an|the) ", "", topic)
        text = f"<<{name.capitalize()}>>\n" + text
    if "combination:repeat_prompt" in spec:
        text = request + "\n\n" + text
    if "detectable_content:postscript" in spec:
        m = spec["detectable_content:postscript"]["postscript_marker"]
        text += f"\n\n{m} " + w.draw(["Think of {t} {w}.", "It is {a}.", "Remember {t}.", "Have it {p}."])
    if "startend:end_checker" in spec:
        text += " " + spec["startend:end_checker"]["end_phrase"]
    if "change_case:english_capital" in spec:
        text = text.upper()
    if "change_case:english_lowercase" in spec:
        text = text.lower()
    if "startend:quotation" in spec:
        text = f'"{text}"'
    return text


def draw(r, evaluation, wide=False):
    """dict(prompt, instruction_id_list, kwargs, reply) of the wanted side of the split; wide: composed topics and invented words."""
    while True:
        ids = choose(r)
        topic = r.choice(EVAL_TOPICS if evaluation and r.random() < 0.5 else TOPICS)
        topic = wide_topic(r) if wide else topic
        made = [arguments(r, k, evaluation, wide) for k in ids]
        spec = {k: a for k, (a, _) in zip(ids, made)}
        side = hashlib.sha256(json.dumps([topic, spec], sort_keys=True).encode()).digest()[0] % 10 == 0
        if topic in TOPICS and side != evaluation:
            continue
        request = r.choice(TASKS).format(t=topic)
        if "detectable_format:constrained_response" in ids:
            request = r.choice(["Is {t} good?", "Do people like {t}?", "Should I try {t}?", "Is {t} useful?"]).format(t=topic)
        rules = []
        for k, (_, fields) in zip(ids, made):
            options = WORDS[k] if evaluation else WORDS[k][:-1]
            rules.append(r.choice(options[-1:] if evaluation and r.random() < 0.4 else options).format(**fields))
        if "combination:repeat_prompt" in ids:
            i = ids.index("combination:repeat_prompt")
            other = [x for j, x in enumerate(rules) if j != i]
            request = " ".join([request] + other)
            spec["combination:repeat_prompt"]["prompt_to_repeat"] = request
            prompt = request + "\n\n" + rules[i]
        elif r.random() < 0.15:
            prompt = " ".join(rules + [request])
        else:
            prompt = " ".join([request] + rules)
        return dict(prompt=prompt, instruction_id_list=ids, kwargs=[spec[k] for k in ids], reply=reply(r, spec, topic, request))


def training_example(r, wide=False):
    row = draw(r, False, wide)
    return [dict(role="user", content=row["prompt"]), dict(role="assistant", content=row["reply"])]
