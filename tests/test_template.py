import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weppbatch.batch import template as module
from weppbatch.batch.runids import sanitise, unusable_runid
from weppbatch.batch.template import parse
from weppbatch.batch.template_functions import FUNCTIONS, MAX_TEXT, MissingAttribute, TemplateError

FEATURE: dict[str, Any] = {
    "type": "Feature",
    "id": "x9",
    "properties": {
        "HucName": "Mill Creek",
        "Region": "South",
        "Site Name": "Cedar Grove",
        "basin": "sooke",
        "code": "gold",
        "NumericId": 7.0,
        "osm:name": "Ån",
        "none": None,
        "list": [1, 2],
        "flag": True,
        "area": 12.345,
    },
}


def render(template: str, index: int = 4) -> str:
    return parse(template).render(FEATURE, index)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{properties['HucName']}-{properties['Region']}", "Mill Creek-South"),
        ('{properties["HucName"]}', "Mill Creek"),
        ("${HucName}", "Mill Creek"),
        ("a${ HucName }b", "aMill Creekb"),
        ("${NumericId:03d}", "007"),
        ('{slug(properties["Site Name"])}', "cedar-grove"),
        ('{properties["basin"]}-{index:03d}', "sooke-004"),
        ("{zfill(one_based_index, 3)}", "005"),
        ('{upper(properties["code"])}', "GOLD"),
        ("{lower(title(properties['code']))}", "gold"),
        ('{replace(properties["HucName"], " ", "-")}', "Mill-Creek"),
        ("{'constant'}", "constant"),
        (r"{'it\'s'}", "it's"),
        ("{feature['id']}", "x9"),
        ("{feature['properties']['Region']}", "South"),
        ("{properties['list'][0]}{properties['list'][-1]}", "12"),
        ("{properties['osm:name']}", "Ån"),
        ("{properties['area']:.1f}", "12.3"),
        ("{properties['HucName']:>12}", "  Mill Creek"),
        ("{ slug( index ) }", "4"),
        ("{{{index}}}", "{4}"),
        ("$5 {index}", "$5 4"),
    ],
)
def test_a_template_gives_its_text(template: str, text: str) -> None:
    assert render(template) == text


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("", "is empty", "properties"),
        ("   ", "is empty", "properties"),
        ("{HucName}", "unknown name 'HucName'", "${HucName}"),
        ("{properties.HucName}", "dot", "properties['Name']"),
        ("{properties[HucName]}", "quotes", "['HucName'], with quotes"),
        ("{properties['HucName'}", "expected ]", None),
        ("{properties['HucName}", "quotes", None),
        ("{index", "expected }", "an expression is"),
        ("{}", "expected an expression", "properties"),
        ("}", "without its {", "}}"),
        ("${HucName", "without its }", None),
        ("${}", "names no attribute", None),
        ("{index:}", "empty format", None),
        ("{index:9999d}", "is not a format", "03d"),
        ("{index:99d}", "wider than 64", None),
        ("{index:{index}}", "is not a format", None),
        ("{index!r}", "expected }", None),
        ("{index + 1}", "expected }", None),
        ("{'a' * 999}", "expected }", None),
        ("{index if index else 1}", "expected }", None),
        ("{[x for x in properties]}", "expected an expression", None),
        ("{slug}", "slug is a function", "slug(...)"),
        ("{slug()}", "expected an expression", None),
        ("{slug(index, 1)}", "slug takes 1 argument, 2 given", None),
        ("{zfill(index)}", "zfill takes 2 arguments, 1 given", None),
        ("{slug(value=index)}", "unknown name 'value'", None),
        ("{__import__('os').system('true')}", "unknown name '__import__'", None),
        ("{eval('1')}", "unknown name 'eval'", None),
        ("{properties.__class__}", "dot", None),
        ("{" + "lower(" * 50 + "index" + ")" * 50 + "}", "calls within calls", None),
        ("x" * (MAX_TEXT + 1), "characters", None),
    ],
)
def test_a_template_that_can_not_be_read_says_where_and_what_instead(
    template: str, message: str, hint: str | None
) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(template)
    assert message in caught.value.message
    if hint is not None:
        assert caught.value.hint is not None and hint in caught.value.hint


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{properties['list']}", "neither a text nor a number"),
        ("{properties}", "neither a text nor a number"),
        ("{properties['HucName']:03d}", "the format '03d' does not suit 'Mill Creek'"),
        ("{zfill(index, 9999)}", "width of zfill"),
        ("{zfill(index, 'a')}", "width of zfill"),
        ("{replace(properties['code'], '', 'x')}", "replace needs a text"),
        (
            "{replace(properties['code'], 'o', '" + "y" * 400 + "')}" + "{properties['HucName']:>64}" * 2,
            "more than 500",
        ),
    ],
)
def test_a_value_that_does_not_suit_is_an_error_of_the_feature(template: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template)
    assert message in caught.value.message


@pytest.mark.parametrize("name", ["nowhere", "none"])
def test_an_attribute_that_is_missing_or_null_is_named(name: str) -> None:
    with pytest.raises(MissingAttribute, match=name) as caught:
        render(f"a-{{lower(properties['{name}'])}}")
    assert caught.value.name == name


def test_a_template_knows_the_attributes_that_it_takes() -> None:
    template = parse("${b}-{slug(properties['a'])}-{feature['properties']['c']}-{feature['id']}-${b}")
    assert template.attributes == ("b", "a", "c")


def test_a_text_that_grows_in_nested_calls_is_stopped() -> None:
    grown = "properties['code']"
    for _ in range(6):
        grown = f"replace({grown}, 'o', 'ooooooooooooooooooooooooo')"
    with pytest.raises(TemplateError, match="more than 500"):
        render("{" + grown + "}")


SIGNS = ["{", "}", "${", "[", "]", "(", ")", "'", '"', ",", ":", ".", "\\", " ", "\x00", "\ud800", "é"]
WORDS = ["03d", ">9", "-1", "7", "HucName", "none", "__class__", "eval", "lambda", "{properties['HucName']}"]
fragments = st.sampled_from([*SIGNS, *WORDS, *module.NAMES, *FUNCTIONS])
texts = st.lists(fragments | st.text(max_size=4), max_size=30).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=800, deadline=None)
@given(texts, values)
def test_no_template_raises_anything_but_a_template_error(text: str, value: object) -> None:
    feature = {"properties": {"HucName": value}, "id": value}
    try:
        made = parse(text).render(feature, 3)
    except TemplateError as error:
        assert error.exit_code == 2
    else:
        assert len(made) <= MAX_TEXT


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*FUNCTIONS]),
    st.lists(st.sampled_from(["index", "${", "'a'", "7", "feature['v']"]), max_size=3),
)
def test_no_call_whatever_raises_anything_but_a_template_error(name: str, arguments: list[str]) -> None:
    for value in (None, 1, 1e300, float("nan"), 10**400, "x" * 600, {}, True):
        try:
            parse("{" + f"{name}({', '.join(arguments)}):>3" + "}").render({"v": value}, 0)
        except TemplateError:
            continue


def test_no_input_runs_code() -> None:
    seen: list[str] = []
    watching = [True]  # an audit hook can't be taken out again

    def audit(event: str, _: object) -> None:
        if watching[0] and event in ("compile", "exec", "import", "open", "os.system", "subprocess.Popen"):
            seen.append(event)

    sys.addaudithook(audit)
    for text in ("{eval('1')}", "{__import__('os')}", "{properties['HucName']}", "{index:03d}", "{lower('a'.b)}"):
        with suppress(TemplateError):
            render(text)
    watching[0] = False
    assert seen == []


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=120))
def test_what_is_sanitised_is_a_run_id_and_stays_one(text: str) -> None:
    runid = sanitise(text)
    assert len(runid) <= 64
    assert all(char.isascii() and (char.isalnum() or char in "._-") for char in runid)
    assert sanitise(runid) == runid
    if runid:
        assert runid[0].isalnum() and not runid.endswith(".")


@pytest.mark.parametrize(
    ("text", "runid"),
    [
        ("OR-12", "OR-12"),
        ("a--b_c.d", "a--b_c.d"),
        ("OR,WA-101", "OR-WA-101"),
        ("Mill Creek (upper)", "Mill-Creek-upper"),
        ("Østre Ålesund", "Ostre-Alesund"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c", "a-b-c"),
        ("x.", "x"),
        ("川", ""),
        ("..", ""),
        ("a" * 80, "a" * 64),
        ("a" * 63 + " b", "a" * 63),
    ],
)
def test_a_text_becomes_a_run_id(text: str, runid: str) -> None:
    assert sanitise(text) == runid


@pytest.mark.parametrize("runid", ["", "all", "ALL", "con", "Nul.txt", "com1", "LPT9.a.b", "_base"])
def test_reserved_names_are_no_run_ids(runid: str) -> None:
    assert unusable_runid(runid)


@pytest.mark.parametrize("runid", ["con1", "console", "all-of-it", "base", "a"])
def test_names_that_only_look_reserved_are_run_ids(runid: str) -> None:
    assert unusable_runid(runid) is None
