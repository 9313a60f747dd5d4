"""Writes ifeval_completions.jsonl: made-up answers to the 20 rows of ifeval_rows.jsonl, in the form of a run's journal.

Some follow their instructions, some only loosely, some not; one reasoning trace is never closed, one sample failed, one answer
is empty. ifeval_report.json beside it is what tests/evals/ifeval_task_test.cc must reproduce; run that test with
TIDEMARK_UPDATE_GOLDEN=1 to write it anew after a change of the task's version or of the report. Python 3.11, no packages.
"""
import json
import pathlib

ANSWERS = {
    1: "Water it when the soil is dry and let the pot drain well.",
    2: "* fresh air\n* quiet streets\n* a slower mind\n* better sleep",
    3: "<think>Sixty words are needed.</think>The lantern turns above the harbour.",
    4: "Ein gutes Frühstück vor einer langen Wanderung besteht aus Haferflocken, Nüssen, einem Apfel und viel Wasser.",
    5: "The rain falls over the little town and the streets are shining in the evening light.",
    6: "기차 창밖으로 강과 산, 그리고 작은 마을을 볼 수 있습니다.",
    7: "Хлеб поднимается потому, что дрожжи выделяют газ. Газ остаётся в тесте и растягивает его.",
    8: "A tomato grows from a flower, so my verdict is clear. My answer is yes.",
    9: "```json\n{\"clothes\": [\"jacket\", \"socks\"], \"food\": [\"bread\"]}\n```",
    10: "<<Two Wheels>>\nOver the *green hill* we glide\nwith the *morning wind* beside",
    11: "Dear [name],\nplease feed [cat] at [time].\nP.S. The key is under the mat.",
    12: "The Golden Crumb\n******\nMorning Oven",
    13: "Here is the request:\nSuggest a game for a rainy afternoon.\nPlay charades.",
    14: "\"The stars are far apart and the light of most never arrives. Sleep well.\"",
    15: "THE SEA IS WIDE AND BLUE AND NEVER STILL, AND THE WAVES COME BACK TO THE SHORE ALL DAY.",
    16: "<think>A story about an owl, without the words night and",
    18: "In the morning the snail wakes.\n***\nAt noon it rests.\n***\nIn the evening it eats.",
    19: "",
    20: "Sure!\nSECTION 1\nDig a small hole.\nSECTION 2\nDrop the bean in and water it.",
}


def main():
    lines = []
    for key in range(1, 21):
        row = {"task": "ifeval", "id": key, "repeat": 0, "response": ANSWERS.get(key, ""), "stop": "eos"}
        if key == 16:
            row["stop"] = "length"
        if key == 17:
            row.update(stop="error", error="a prompt of 5000 tokens leaves no room in a context of 4096 (--ctx)")
        row.update(prompt_tokens=20 + key, completion_tokens=len(row["response"]) // 4, time_to_first_token_seconds=0.01 * key,
                   inter_token_us=[1000 + 10 * key] * min(5, len(row["response"]) // 4))
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    pathlib.Path(__file__).with_name("ifeval_completions.jsonl").write_text("".join(lines), encoding="utf-8")


main()
