"""A closed world of invented lighthouses, ferries, bridges and the like: 210 facts, and questions about what lies outside it.

Kept apart by construction: (1) two question frames and one direct wording per attribute occur only in evaluation; (2) for the facts whose hash
is 0 modulo 6 no question is ever trained on, only the description of the whole thing states them; (3) names that the training uses as
unknown ones and names of the evaluation have different hashes; (4) half of the kinds of unanswerable question occur only in evaluation.
"""
import hashlib
import random

UNKNOWN = "I don't know."
# category: (domain, {attribute: (noun phrases, direct wordings (the last is for evaluation), sentence, values)})
YEARS = [str(y) for y in range(1811, 1968, 3)]
COLOURS = ["red", "blue", "white", "green", "yellow", "black", "orange", "grey", "pink", "brown"]
STONES = ["granite", "steel", "oak", "brick", "iron", "marble", "slate", "concrete"]
FLOWERS = ["roses", "tulips", "lilies", "poppies", "irises", "asters", "violets", "daisies"]
CROPS = ["barley", "plums", "hops", "beans", "oats", "cherries", "flax", "turnips"]


def numbers(low, high, unit, step=1):
    return [f"{n} {unit}".strip() for n in range(low, high, step)]


YEAR = (["the year of construction", "the building year"], ["When was {e} built?", "In which year was {e} built?", "What year did {e} get built?"],
        "It was built in {v}.", YEARS)


def colour(part):
    return (["the colour", "the paint colour"], [f"What colour is {part}{{e}}?", f"Which colour has {part}{{e}}?", f"In what colour is {part}{{e}} painted?"],
            "Its colour is {v}.", COLOURS)


def length(unit, low, high):
    return (["the length", "the full length"], ["How long is {e}?", "How many " + unit + " long is {e}?", "What length does {e} have?"],
            "It is {v} long.", numbers(low, high, unit))


HEIGHT = (["the height", "the full height"], ["How tall is {e}?", "How high is {e}?", "What height does {e} reach?"], "It is {v} tall.",
          numbers(17, 96, "metres"))
MATERIAL = (["the material", "the building material"], ["What is {e} made of?", "Of what is {e} built?", "Which material is {e} made from?"],
            "It is made of {v}.", STONES)
AREA = (["the area", "the size"], ["How large is {e}?", "How big is {e}?", "What area does {e} cover?"], "It covers {v}.", numbers(12, 95, "hectares"))


def count(what, low, high):
    return ([f"the number of {what}", f"the count of {what}"],
            [f"How many {what} does {{e}} have?", f"How many {what} are there at {{e}}?", f"What number of {what} belongs to {{e}}?"],
            f"It has {{v}} {what}.", numbers(low, high, ""))


WORLD = {
    "lighthouse": ("Coast", dict(year=YEAR, height=HEIGHT, colour=colour(""))),
    "harbour": ("Coast", dict(depth=(["the depth", "the water depth"], ["How deep is {e}?", "What is the depth at {e}?", "How many metres deep is {e}?"],
                                     "It is {v} deep.", numbers(4, 40, "metres")), berths=count("berths", 6, 80), year=YEAR)),
    "island": ("Coast", dict(area=AREA, crop=(["the main crop", "the chief crop"], ["What grows on {e}?", "What do the fields of {e} bear?",
                                                                                   "Which crop is grown on {e}?"], "Its fields bear {v}.", CROPS), wells=count("wells", 3, 40))),
    "ferry": ("Transport", dict(length=length("metres", 21, 99), year=YEAR, colour=colour("the hull of "))),
    "bridge": ("Transport", dict(length=length("metres", 40, 400), material=MATERIAL, arches=count("arches", 2, 19))),
    "canal": ("Transport", dict(length=length("kilometres", 5, 90), locks=count("locks", 2, 30), year=YEAR)),
    "station": ("Transport", dict(platforms=count("platforms", 2, 15), year=YEAR, colour=colour("the roof of "))),
    "tower": ("Town", dict(height=HEIGHT, bells=count("bells", 2, 20), material=MATERIAL)),
    "garden": ("Town", dict(area=AREA, flower=(["the main flower", "the best known flower"], ["What blooms in {e}?", "Which flower fills {e}?",
                                                                                           "What flower is {e} known for?"], "It is known for {v}.", FLOWERS), benches=count("benches", 10, 90))),
    "library": ("Town", dict(year=YEAR, rooms=count("rooms", 4, 60), colour=colour("the door of "))),
}
FRAMES = ["What is {a} of {e}?", "Tell me {a} of {e}.", "Do you know {a} of {e}?", "Name {a} of {e}.", "What can you say about {a} of {e}?",
          "I would like to know {a} of {e}.", "Please give {a} of {e}.", "{a} of {e}?"]
EVAL_FRAMES = ["Could you tell me what {a} of {e} is?", "I am looking for {a} of {e}."]
DESCRIBE = ["Describe {e}.", "Tell me about {e}.", "What do you know about {e}?", "Write a short note on {e}."]
SYSTEMS = [
    "You answer questions about {d} ({t}). Give only the answer. If you do not know it, say so.",
    "Domain: {d}. Topic: {t}. Answer briefly. It is better to say that you do not know than to give a wrong answer.",
    "You are answering questions about {d}, in particular {t}. Give just the answer and no explanation. If you do not know, or need more "
    "context or tools, say so.",
    "Answer the question about {t}.",
]
# Kinds of unanswerable question: the first list is trained on, the second occurs only in evaluation.
NO_ATTRIBUTE = ["the price", "the weight", "the owner", "the number of visitors", "the postal code"]
EVAL_NO_ATTRIBUTE = ["the insurance value", "the yearly rainfall", "the telephone number", "the architect", "the age of the oldest door"]
OUTSIDE = ["What is the capital of {x}?", "Who wrote the book {x}?", "How far is it from {x} to {y}?", "What is the population of {x}?",
           "Which team won the cup in {x}?"]
EVAL_OUTSIDE = ["What will the weather be in {x} tomorrow?", "Who is the mayor of {x}?", "What language do people speak in {x}?",
                "How much does a ticket from {x} to {y} cost?", "What did I eat in {x} last week?"]
STARTS = ["Vel", "Or", "Tam", "Bris", "Kel", "Dun", "Mar", "Sol", "Hal", "Ner", "Pol", "Gar", "Lin", "Fen", "Ost", "Wim", "Cal", "Rud", "Ith", "Zan"]
ENDS = ["ma", "rin", "dow", "ket", "ven", "lo", "bury", "sti", "nor", "wick", "da", "ley", "mo", "gard", "pa", "sund"]


def digest(*key):
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "big")


def build_world():
    """[(entity phrase, category, domain, {attribute: value})] with names that occur once each; and the names left over."""
    r = random.Random(1847)
    names = [a + b for a in STARTS for b in ENDS]
    r.shuffle(names)
    things = []
    for category, (domain, attributes) in WORLD.items():
        for _ in range(7):
            name = names.pop()
            things.append((f"the {name} {category}", category, domain, {a: r.choice(spec[3]) for a, spec in attributes.items()}))
    return things, names


THINGS, SPARE = build_world()
FACTS = [(e, c, d, a, v) for e, c, d, values in THINGS for a, v in values.items()]


def only_described(entity, attribute):
    return digest("described", entity, attribute) % 6 == 0


def spare_names(evaluation):
    return [n for n in SPARE if (digest("name", n) % 4 == 0) == evaluation]


def capital(text):
    return text[0].upper() + text[1:]


def question(r, entity, category, attribute, evaluation):
    phrases, direct = WORLD[category][1][attribute][:2]
    if evaluation:
        options = [f.format(a=phrases[0], e=entity) for f in EVAL_FRAMES] + [direct[-1].format(e=entity)] * 2
    else:
        options = [f.format(a=p, e=entity) for f in FRAMES for p in phrases] + [d.format(e=entity) for d in direct[:-1]] * 6
    return capital(r.choice(options))


def describe(entity, category, values):
    return f"This is {entity}. " + " ".join(WORLD[category][1][a][2].format(v=v) for a, v in values.items())


def unknown_question(r, evaluation, held_out_kind):
    """A question without an answer in the world: (question, domain, topic, kind)."""
    names = spare_names(evaluation)
    kind = r.choice(["name", "name", "attribute", "outside"]) if not held_out_kind else r.choice(["attribute", "outside"])
    category = r.choice(list(WORLD))
    domain = WORLD[category][0]
    if kind == "name":
        return question(r, f"the {r.choice(names)} {category}", category, r.choice(list(WORLD[category][1])), evaluation), domain, category, "unknown name"
    if kind == "attribute":
        entity, category, domain, _ = r.choice(THINGS)
        a = r.choice(EVAL_NO_ATTRIBUTE if held_out_kind else NO_ATTRIBUTE)
        frame = r.choice(EVAL_FRAMES if evaluation else FRAMES)
        return capital(frame.format(a=a, e=entity)), domain, category, "attribute without a fact"
    text = r.choice(EVAL_OUTSIDE if held_out_kind else OUTSIDE)
    return text.format(x=r.choice(names), y=r.choice(names)), "Other", "general", "outside the world"


def training_example(r):
    x = r.random()
    if x < 0.22:
        entity, category, domain, values = r.choice(THINGS)
        user, reply = r.choice(DESCRIBE).format(e=entity), describe(entity, category, values)
    elif x < 0.72:
        while True:
            entity, category, domain, attribute, value = r.choice(FACTS)
            if not only_described(entity, attribute):
                break
        user, reply = question(r, entity, category, attribute, False), capital(value) + "."
    elif x < 0.76:
        names = spare_names(False)
        category = r.choice(list(WORLD))
        domain = WORLD[category][0]
        user, reply = r.choice(DESCRIBE).format(e=f"the {r.choice(names)} {category}"), UNKNOWN
    else:
        user, domain, category, _ = unknown_question(r, False, False)
        reply = UNKNOWN
    messages = [dict(role="user", content=user), dict(role="assistant", content=reply)]
    if r.random() < 0.3:
        messages.insert(0, dict(role="system", content=r.choice(SYSTEMS).format(d=domain, t=category)))
    return messages
