"""Makes cases.json: chat templates, variables and what jinja2 renders (or that it fails).

The environment is that of transformers' chat templates: immutable sandbox, trim_blocks, lstrip_blocks, loop controls,
transparent generation block, plain-JSON tojson, raise_exception. Made with jinja2 3.1.6, Python 3.11. No randomness.
Run: python3 tests/golden/chat/make_golden.py
"""
import copy
import itertools
import json
import pathlib
import re

import jinja2
import jinja2.ext
import jinja2.sandbox


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    return env


MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi <there> é\u4e2d"},
    {"role": "assistant", "content": "<think>hm</think> Hello. ", "thinking": "hm",
     "tool_calls": [{"function": {"name": "f", "arguments": {"a": "x'y", "n": 3, "d": {"k": [1, 2.5]}, "t": True, "z": None, "l": ["a", 1]}}}]},
    {"role": "tool", "content": "{\"r\": 1}"},
    {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image"}, {"type": "odd", "v": 1}]},
]
V = {
    "messages": MESSAGES, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>",
    "tools": [{"name": "f", "d": "ü\n\"q\""}, {"name": "g", "p": {"x": [1, 2.0, None, True]}}],
    "s": "  Hello, Wörld straße\t", "e": "", "n": 7, "m": -3, "z": 0, "f": 2.5, "g": 1e20, "h": 1e-7, "t": True, "u": False,
    "none": None, "l": [3, 1, 2], "w": ["b", "A", "c", "a"], "d": {"b": 1, "a": "x", "items": 5, "C": [1]}, "x": [[1, 2], [3, 4]],
    "users": [{"n": "Zoe", "a": 3, "o": {"k": 1}}, {"n": "adam", "a": 1}, {"n": "Bob", "a": 3, "o": {"k": 0}}], "uni": "añ€😀z",
}
FRAMES = {
    "chatml": "{{- bos_token -}}{%- for m in messages -%}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}{%- endfor -%}"
              "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}",
    "lfm2": """{{- bos_token -}}
{%- set ns = namespace(sys="") -%}
{%- if messages[0]["role"] == "system" -%}
  {%- set ns.sys = messages[0]["content"] -%}
  {%- set messages = messages[1:] -%}
{%- endif -%}
{%- if tools -%}
  {%- set ns.sys = ns.sys + ("\n" if ns.sys else "") + "List of tools: <|tool_list_start|>[" -%}
  {%- for tool in tools -%}
    {%- if tool is not string -%}{%- set tool = tool | tojson -%}{%- endif -%}
    {%- set ns.sys = ns.sys + tool -%}
    {%- if not loop.last -%}{%- set ns.sys = ns.sys + ", " -%}{%- endif -%}
  {%- endfor -%}
  {%- set ns.sys = ns.sys + "]<|tool_list_end|>" -%}
{%- endif -%}
{%- if ns.sys -%}{{- "<|im_start|>system\n" + ns.sys + "<|im_end|>\n" -}}{%- endif -%}
{%- for message in messages -%}
  {{- "<|im_start|>" + message["role"] + "\n" -}}
  {%- set content = message["content"] -%}
  {%- if content is not string -%}{%- set content = content | tojson -%}{%- endif -%}
  {%- if message["role"] == "tool" -%}{%- set content = "<|tool_response_start|>" + content + "<|tool_response_end|>" -%}{%- endif -%}
  {{- content + "<|im_end|>\n" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- "<|im_start|>assistant\n" -}}{%- endif -%}
""",
    "lfm25": """{%- macro value(v) -%}
  {%- if v is string -%}{{ "'" ~ v ~ "'" }}{%- elif v is mapping -%}{{ v | tojson }}{%- else -%}{{ v | string }}{%- endif -%}
{%- endmacro -%}
{%- macro body(c) -%}
  {%- if c is string -%}{{ c }}{%- else -%}
    {%- for part in c -%}
      {%- if part.type == "text" -%}{{ part.text }}{%- elif part.type == "image" -%}{{ "<image>" }}{%- else -%}{{ part | tojson }}{%- endif -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{{- bos_token -}}
{%- set ns = namespace(last=-1) -%}
{%- set rest = messages -%}
{%- if messages and messages[0].role == "system" -%}{{ "<|im_start|>system\n" ~ body(messages[0].content) ~ "<|im_end|>\n" }}{%- set rest = messages[1:] -%}{%- endif -%}
{%- for m in rest -%}{%- if m.role == "user" -%}{%- set ns.last = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for m in rest -%}
  {{- "<|im_start|>" + m.role + "\n" -}}
  {%- if m.role == "assistant" -%}
    {%- generation -%}
    {%- set keep = preserve_thinking | default(false) or loop.index0 > ns.last -%}
    {%- if m.thinking is defined and keep -%}{{ "<think>" + m.thinking + "</think>" }}{%- endif -%}
    {%- set text = body(m.content) -%}
    {%- if not keep and "</think>" in text -%}{%- set text = text.split("</think>")[-1] | trim -%}{%- endif -%}
    {{- text -}}
    {%- if m.tool_calls -%}
      {{- "<|tool_call_start|>[" -}}
      {%- for call in m.tool_calls -%}
        {{- call.function.name + "(" -}}
        {%- for k, v in call.function.arguments.items() -%}{{ k + "=" + value(v) }}{%- if not loop.last -%}{{ ", " }}{%- endif -%}{%- endfor -%}
        {{- ")" -}}{%- if not loop.last -%}{{ ", " }}{%- endif -%}
      {%- endfor -%}
      {{- "]<|tool_call_end|>" -}}
    {%- endif -%}
    {{- "<|im_end|>\n" -}}
    {%- endgeneration -%}
  {%- else -%}
    {{- body(m.content) + "<|im_end|>\n" -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ "<|im_start|>assistant\n" }}{%- endif -%}
""",
    "gemma": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set prefix = messages[0]['content'] + '\n\n' -%}{%- set turns = messages[1:] -%}
{%- else -%}{%- set prefix = '' -%}{%- set turns = messages -%}{%- endif -%}
{%- for m in turns -%}
    {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('roles must alternate') }}{%- endif -%}
    {{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + (prefix if loop.first else '') }}
    {%- if m['content'] is string -%}{{ m['content'] | trim }}{%- elif m['content'] is iterable -%}
    {%- for p in m['content'] if p['type'] == 'text' -%}{{ p['text'] | trim }}{%- endfor -%}{%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}
""",
    "phi": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '<|im_sep|>' + m['content'] + '<|im_end|>' }}{% endfor %}"
           "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}",
    "ministral": """{{- bos_token }}
{%- for m in messages %}
    {%- if m.role == 'system' %}
        {{- '[SYSTEM_PROMPT]' + m.content + '[/SYSTEM_PROMPT]' }}
    {%- elif m.role == 'user' %}
        {{- '[INST]' + m.content + '[/INST]' }}
    {%- elif m.role == 'assistant' %}
        {{- m.content }}
        {%- if m.tool_calls is defined and m.tool_calls is not none and m.tool_calls|length > 0 %}
            {%- for c in m.tool_calls %}{{- '[TOOL_CALLS]' + c.function.name + '[ARGS]' }}{{- c.function.arguments|tojson|safe }}{%- endfor %}
        {%- endif %}
        {{- eos_token }}
    {%- elif m.role == 'tool' %}{{- '[TOOL_RESULTS]' + m.content|string + '[/TOOL_RESULTS]' }}
    {%- else %}{{- raise_exception('unknown role ' + m.role) }}
    {%- endif %}
{%- endfor %}
""",
}
FILTERS = """tojson|tojson(indent=2)|tojson(ensure_ascii=true)|tojson(sort_keys=true)|tojson(separators=(',',':'))|trim|length|count
join(',')|string|default('D')|default('D',true)|safe|sort|sort(reverse=true)|sort(case_sensitive=true)|upper|lower|capitalize|title
replace('l','L')|first|last|list|items|list|dictsort|int|float|abs|round|round(1)|unique|list|reverse|list|sum|min|max|map('string')|list
select|list|reject('odd')|list|indent|batch(2)|list|escape|wordcount""".replace("\n", "|")


def filter_names():
    depth, part = 0, ""
    for c in FILTERS + "|":
        if c == "|" and depth == 0:
            yield part
            part = ""
        else:
            depth += (c == "(") - (c == ")")
            part += c


VALUES = ["s", "e", "n", "m", "f", "g", "h", "t", "none", "l", "w", "d", "x", "uni", "missing", "(1, 'a')"]
TESTS = """defined undefined none string mapping iterable sequence number integer float boolean true false odd even callable lower upper
equalto(7) eq(none) in([7,none,'']) ne(7) divisibleby(2) sameas(none)""".split()
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
OPERANDS = ["n", "m", "z", "f", "t", "'a'", "l", "none", "missing"]
SLICES = ["[1:]", "[:2]", "[-1]", "[-2:]", "[::-1]", "[::2]", "[5]", "[1:-1]", "[-9:9]", "[3:1:-1]", "[:0]", "[2:1]", "[none:2]"]
METHODS = """s.strip() s.lstrip() s.rstrip('\t') s.split() s.split('l') s.split('l',1) s.rsplit('l',1) s.startswith('  H') s.endswith('\t')
s.endswith(('x','\t')) s.upper() s.lower() s.title() s.strip().capitalize() s.replace('l','') s.find('W') s.find('?') s.index('?') s.count('l')
','.join(w) ','.join(l) uni.find('😀') uni[2] uni.upper() 'ß'.upper() 'ΑΣ'.lower() d.get('b') d.get('q') d.get('q',1) d.items()|list d.keys()|list
d.values()|list d.items d['items'] d.nope d.nope.nope d['nope']['x'] l.append(1) l.count(1) l.index(2) l.index(9) d.update({}) d.pop('b')
'{}-{}'.format(1,'b') '{a}'.format(a=2) '%s|%5d|%-5s|%.2f|%x'|format('a',42,'b',1.005,255) '%s'%1 '%d'%'a' '%(a)s'%{'a':1} 'a'.isalpha()
'12'.isdigit() 'aB'.isupper() 'a-b c'.title() 'a-b c'|title 'a,b'.partition(',') 'abc'.removeprefix('a') 'a\\nb'.splitlines() n.foo none.foo
none.foo.bar missing.foo missing() n() 'abc'.upper()[0] range(3)|list range(3) range(5,1,-2)|list range(200000) dict(a=1) dict([('a',1)],b=2)
namespace(a=1).a namespace(a=1).b d.__class__ ''.__class__ ''.__class__.x [].append 9223372036854775807 0x1F 1_000 1e3 1.5e-3 0b11 0o17""".split()
EXPRESSIONS = r"""1 if t else 2;;1 if u;;(1 if u) is defined;;not t;;not u or t;;1 < 2 < 3;;1 < 3 < 2;;2 ** 3 ** 2;;-2 ** 2;;7 // -2;;-7 % 3;;7.5 // 2;;-7.5 % 2
1 / 2;;1 / 0;;'a' 'b';;"q\n\t\x41\u00e9\\";;'\'';;"é\q";;[1, 'a', none, true, 2.0, [1], {'k': 'v'}];;{'a': 1, 2: 'b', none: 3};;(1,);;();;[];;{};;1, 2
'a' + 1;;'a' ~ 1 ~ none ~ t;;[1] + [2];;(1,) + (2,);;[1] + (2,);;'ab' * 3;;[0] * 3;;'ab' * -1;;1 == 1.0;;true == 1;;'1' == 1;;[1] == [1];;{'a': 1} == {'a': 1}
missing == missing;;missing == none;;missing + 1;;missing | length;;missing is defined;;missing ~ 'x';;l | sort | join;;n is number and n is odd;;n is not odd
n is divisibleby 7;;n in l;;'l' in s;;'a' in d;;1 in none;;[1,2] < [1,3];;'a' < 'B';;'a' < 1;;none < 1;;1.0;;100.0;;1e16;;1e15;;123456789.123;;0.1 + 0.2;;1e-5;;0.0001;;-0.0
g;;h;;1e400;;t + t;;t ~ u;;x[0][1];;x[-1] | last;;users | map(attribute='n') | join(',');;users | map(attribute='o.k', default='?') | join(',')
users | sort(attribute='a') | map(attribute='n') | list;;users | sort(attribute='a,n') | map(attribute='n') | list;;users | selectattr('a', 'eq', 3) | list | length
users | rejectattr('o') | map(attribute='n') | list;;users | selectattr('o', 'defined') | map(attribute='n') | list;;l | map('int') | sum;;users | sum(attribute='a')
w | sort;;w | sort(case_sensitive=true);;w | unique | list;;w | map('upper') | list;;l | select('gt', 1) | list;;l | reject('in', [1]) | list;;d | items | list;;d | dictsort(by='value')
w | min;;l | max;;[] | max;;[] | first;;[] | sum;;'3.7' | int;;'x' | int;;'x' | int(9);;'0x1f' | int(0, 16);;'12' | float;;3.14159 | round(2);;2.5 | round;;3.5 | round
42 | round;;1234 | round(-2);;2.51 | round(1, 'ceil');;-2.51 | round(1, 'floor');;'<a&b>' | e;;'<' | safe + '<';;('<' | safe) ~ '<';;'a\nb\n\nc' | indent;;'a\nb' | indent(2, true)
s is lower;;'ab' is lower;;'AB' is upper;;none is none;;l is sequence;;d is mapping;;n is string;;(l | map('string')) is iterable;;l | tojson | upper;;uni | tojson;;uni | tojson(ensure_ascii=true)
'\u0001\u007f"\\/' | tojson;;missing | tojson;;{'a': (1, 2), 'b': 1e30} | tojson;;{1: 2, none: 3, true: 4} | tojson;;'é' | upper;;'ǆ' | capitalize;;['é', "it's", 'q"', '\n\\'] | string
s[1:3] ~ s[-1];;d.items() | length;;d.items()[0];;d | length;;d | first;;d | list;;d | join;;s | list | length;;s | reverse;;l | reverse | list;;n | foo;;n is foo;;t if t else n | foo;;1 +;;(1;;[1;;{'a'};;a b;;1 = 2;;'abc;;@
loop;;loop.index;;namespace;;'a' if;;x[0;;x.;;x|;;x is;;not;;1 is 1;;n is string is none;;f(x for x in l);;*l;;[*l];;l[1,2];;d[[1]];;d[none];;'%s %s' % ('a', l);;'%s' % l;;'%d%%' % 5;;'%5.1f|' % 2.25;;'x' % 1
none | default('a');;none | default('a', true);;e | default('a', true);;missing | default;;missing.a | default('x');;d.q | default('x');;d.q.r | default('x')""".replace("\n", ";;").split(";;")
STATEMENTS = r"""{% if n %}a{% else %}b{% endif %}
{% if z %}a{% elif m %}c{% else %}b{% endif %}
{% if missing %}a{% elif none %}c{% else %}b{% endif %}
{% for i in l %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}
{% for i in [] %}a{% else %}empty{% endfor %}
{% for i in l if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% endfor %}
{% for i in l if i > 9 %}x{% else %}none{% endfor %}
{% for i in missing %}a{% else %}b{% endfor %}
{% for i in none %}a{% endfor %}
{% for c in uni %}[{{ c }}]{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for a, b in x %}{{ a + b }} {% endfor %}
{% for a, b, c in x %}{{ a }}{% endfor %}
{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}
{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% break %}
{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }};{% endfor %}
{% for i in l %}{{ loop.previtem }}<{{ i }}<{{ loop.nextitem }} {% endfor %}
{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for i in l %}{% for j in l %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for i in l %}{{ loop.previtem.x }}{% endfor %}
{% for loop in l %}{% endfor %}
{% set a = 1 %}{% for i in l %}{% set a = i %}{{ a }}{% endfor %}{{ a }}
{% set a = 1 %}{% if t %}{% set a = 2 %}{% endif %}{{ a }}
{% if u %}{% set n = 2 %}{% endif %}{{ n }}
{% for i in l %}{{ a }}{% set a = i %}{{ a }};{% endfor %}{{ a }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a, b = [1] %}{{ a }}
{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}|{{ ns['x'] }}
{% set ns = namespace(hit=false) %}{% for i in l if not ns.hit %}{{ i }}{% set ns.hit = true %}{% endfor %}
{% set d.x = 1 %}
{% set q.x = 1 %}
{% set a %}block {{ n }}{% endset %}[{{ a }}]
{% set a | upper | trim %} block {% endset %}[{{ a }}]
{% set a %}{% set b = 1 %}{% endset %}{{ b }}
{% filter upper %}a{{ n }}b{% endfilter %}
{% filter replace('a', 'b') | upper %}aa{% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% macro m1(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m1(1) }}{{ m1(1, 3) }}{{ m1(b=4, a=5) }}{{ m1() }}
{% macro m1(a) %}{% endmacro %}{{ m1(1, 2) }}
{% macro m1(a) %}{% endmacro %}{{ m1(q=2) }}
{% macro m1() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m1(1, 2, c=3) }}
{% macro m1(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m1(1) }}
{% macro m1(a) %}{% if a > 0 %}{{ a }}{{ m1(a - 1) }}{% endif %}{% endmacro %}{{ m1(5) }}
{% macro m1() %}<{{ caller() }}>{% endmacro %}{% call m1() %}in {{ n }}{% endcall %}
{% macro m1() %}<{{ caller(1) }}>{% endmacro %}{% call(q) m1() %}in {{ q }}{% endcall %}
{% macro m1() %}x{% endmacro %}{% call m1() %}y{% endcall %}
{% macro m1() %}{{ caller() }}{% endmacro %}{{ m1() }}
{% macro m1() %}{{ later }}{% endmacro %}{% set later = 3 %}{{ m1() }}
{% macro m1() %}{% set n = 99 %}{{ n }}{% endmacro %}{{ m1() }}{{ n }}
{{ m1 }}{% macro m1(a) %}{% endmacro %}{{ m1.name }}
{% raw %}{{ n }}{% if %}{% endraw %}
{%- raw -%}  {{ n }}  {%- endraw -%} x
{# comment {{ n }} #}a{#- b -#} c
{% generation %}g{{ n }}{% endgeneration %}
{% generation %}{% set n = 1 %}{% endgeneration %}{{ n }}
{% for i in l %}{% generation %}{{ loop.index }}{% endgeneration %}{% endfor %}
{% print n, m %}
{% if n: %}colon{% endif %}
{% if n %}{{ n | nofilter }}{% endif %}
{% if u %}{{ n | nofilter }}{% endif %}ok
{% for i in [] %}{{ i | nofilter }}{% endfor %}
{% if n %}
{% for i in l %}
{% endif %}
{% endfor %}
{% else %}
{% unknown %}
{% set %}
{% set 1 = 2 %}
{% for %}
{% for i l %}{% endfor %}
{% macro %}{% endmacro %}
{% macro a(b=1, c) %}{% endmacro %}
{% include 'x' %}
{% %}
{{ }}
{{ n
{% if n
{# open
{% raw %}
{{ raise_exception('no') }}
{% if u %}{{ raise_exception('no') }}{% endif %}ok
{{ n }} {{- n -}} {{ n }}
{%+ if n %} x {%+ endif %}
a  {%- if n -%}  b  {%- endif -%}  c
{{ n }}}{{ '}}' }}{{ {'a': {'b': 1}}['a'] }}
{{ '{%' }}{ { }%}
{% set g = l|map('string') %}{{ g|join }}|{{ g|join }}
{% for i in l|select('gt', 1) %}{{ loop.index }}{{ loop.last }}{{ i }}{% endfor %}
{% macro a(x) %}{% macro b(y) %}{{ x }}{{ y }}{% endmacro %}{{ b(1) }}{{ b(y=2) }}{% endmacro %}{{ a('q') }}
{% set ns = namespace() %}{% macro m1() %}{% set ns.k = 5 %}{% endmacro %}{{ m1() }}{{ ns.k }}
{% for q in l %}{% set q %}{{ loop.index }}{% break %}{% endset %}{% endfor %}ok
{% for i in l %}{% filter upper %}a{{ loop.index }}{% endfilter %}{% endfor %}
{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}
{{ [1, missing] }}{{ {'k': missing} }}{{ (missing,) }}
{{ 'a'|safe ~ '<' }}{{ ['<'|safe, '<'] }}
{% with a = n %}{% set n = 1 %}{{ a }}{{ n }}{% endwith %}{{ n }}
{% generation %}{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}{% endgeneration %}
{% for i in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}
{{ joiner }}""".split("\n")
LAYOUT = ["  {% if n %}  \n  x  \n  {% endif %}  \n y", "\n{% if n %}\n\nx\n{% endif %}\n\n", "a\n\n", "a\r\nb\rc\r\n", "  {# c #}\n  x", "x {# c #}\n  y",
          "  {{ n }}\n  z", "{% for i in l %}\n  {{ i }}\n{% endfor %}\n", "a {%- if n %}\n b\n{%- endif %}\n c", "  {%+ if n %}x{% endif +%}\n y",
          "\t{% set a = 1 -%}\n\n  q", "{% raw %}\n a\n  {% endraw %}\nb", "\u00a0{%- if n %}x{% endif -%}\u2003 y", " \u00a0 {% if n %}x{% endif %}", "{{ 'a\nb' }}\n{{ missing.x }}",
          "{% if n -%}\n   a\n{%- else -%}\n b\n{%- endif +%}\nc", "{% if n %}a{% endif %} {% if n %}b{% endif %}\n", "{{ n -}}\n  {% if n %}x{% endif %}", "", "\n", "{", "{{", "}}", "%}"]


def variables(wanted):
    return {k: v for k, v in V.items() if k in wanted}


def cases():
    for frame in FRAMES.values():
        for messages in (MESSAGES, MESSAGES[:2], MESSAGES[1:3], MESSAGES[:4], MESSAGES[1:2], MESSAGES[3:]):
            for tools, prompt in ((None, True), (V["tools"], False)):
                yield frame, {"messages": messages, "tools": tools, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>"}
    for value, name in itertools.product(VALUES, filter_names()):
        yield "{{ %s|%s }}" % (value, name), None
    for value, test in itertools.product(VALUES, TESTS):
        yield "{{ %s is %s }}" % (value, test), None
    for a, op, b in itertools.product(OPERANDS, OPERATORS, OPERANDS):
        yield "{{ %s %s %s }}" % (a, op, b), None
    for value, part in itertools.product(["s", "uni", "l", "(1,2,3)", "range(6)", "e", "d", "n", "missing"], SLICES):
        yield "{{ (%s%s)|%s }}" % (value, part, "list" if value == "range(6)" and ":" in part else "string"), None
    for text in METHODS + EXPRESSIONS:
        yield "{{ %s }}" % text, None
    for text in STATEMENTS + LAYOUT:
        yield text, None


def main():
    env, rows, seen = environment(), [], set()
    for template, given in cases():
        key = (template, json.dumps(given))
        if key in seen:
            continue
        seen.add(key)
        try:
            expected = env.from_string(template).render(**copy.deepcopy(V if given is None else given))  # indent extends a list in place
        except Exception:  # whatever Python calls it, the template failed
            expected = None
        if expected is not None and re.search(" at 0x|<class |<function ", expected):
            continue  # an address
        if expected is not None and re.search(r"\b\d{20,}\b|\dj\)", expected):
            expected = None  # integers beyond 64 bits and complex numbers are errors here
        try:
            (expected or "").encode()
        except UnicodeEncodeError:
            continue
        rows.append([template, expected] if given is None else [template, expected, given])
    out = "{\"variables\": " + json.dumps(V, ensure_ascii=False) + ",\n\"cases\": [\n"
    out += ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]}\n"
    pathlib.Path(__file__).with_name("cases.json").write_text(out, encoding="utf-8")
    print(len(rows), "cases,", sum(row[1] is None for row in rows), "of them failures")


if __name__ == "__main__":
    main()
