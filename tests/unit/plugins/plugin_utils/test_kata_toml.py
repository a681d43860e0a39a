from __future__ import annotations

import datetime
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ansible_collections.katabench.scylla.plugins.plugin_utils import kata_toml
from ansible_collections.katabench.scylla.plugins.plugin_utils.toml_statements import TomlError, dotted, rendered

CONFIGS = Path(__file__).parents[3] / "data" / "kata-config"
QEMU_LITE = {"hypervisor.qemu.path": "/usr/bin/qemu-lite-system-x86_64"}
TUNED = {"hypervisor.qemu": {"default_vcpus": 4, "default_memory": 3072, "enable_iothreads": True}}
VERSIONS = ["1.0", "1.5", "1.11", "go-3", "rust-4"]
SMALL = """\
# what there is
[hypervisor.qemu]
path = "/usr/bin/qemu"  # from the package
default_vcpus = 1
ratio = 0.5
enable_iothreads = false
enable_annotations = ["a", "b"]
empty = []
# initrd = "/initrd"
inline = {a = 1, b = {c = "x"}}

# about the agent
[agent.kata]
modules = [
  "one", # the first
  "two",
]

[[disks]]
name = "one"

[[disks]]
name = "two"
"""


def config(version):
    return (CONFIGS / f"{version}.toml").read_bytes().decode()


def merged(text, *changes):
    return kata_toml.merge(text, *changes, source="/etc/kata.toml")


def changed_lines(before, after):
    """The lines that went and those that came; the rest must be the same in the same order."""
    left, came = before.splitlines(keepends=True), []
    for line in after.splitlines(keepends=True):
        if line in left:
            left.remove(line)
        else:
            came.append(line)
    return left, came


@pytest.mark.parametrize("version", VERSIONS)
def test_files_are_as_kata_has_them(version):
    data = tomllib.loads(config(version))
    assert {"path", "kernel", "machine_type", "default_vcpus"} <= data["hypervisor"]["qemu"].keys()
    assert ("initrd" in data["hypervisor"]["qemu"]) == version.startswith("1.")


def test_qemu_lite_changes_one_line():
    assert merged(config("1.11"), QEMU_LITE) == config("1.11").replace(
        'path = "/usr/bin/qemu-system-x86_64"\n', 'path = "/usr/bin/qemu-lite-system-x86_64"\n', 1
    )


@pytest.mark.parametrize("version", ["1.0", "1.5"])
def test_a_file_that_names_qemu_lite_stays_byte_for_byte(version):
    assert merged(config(version), QEMU_LITE) == config(version)


@pytest.mark.parametrize("version", ["1.5", "1.11", "go-3", "rust-4"])
def test_a_tuned_profile_changes_three_lines(version):
    assert changed_lines(config(version), merged(config(version), TUNED)) == (
        ["default_vcpus = 1\n", "default_memory = 2048\n", "enable_iothreads = false\n"],
        ["default_vcpus = 4\n", "default_memory = 3072\n", "enable_iothreads = true\n"],
    )


def test_a_commented_out_key_is_a_comment():
    text = config("1.0")
    assert merged(text, TUNED) == text.replace("default_vcpus = 1\n", "default_vcpus = 4\n").replace(
        "enable_iothreads = false\n", "enable_iothreads = true\ndefault_memory = 3072\n"
    )


def test_exactly_one_of_image_and_initrd():
    text = config("1.11")
    line = 'image = "/usr/share/kata-containers/kata-containers.img"\n'
    assert merged(text, {"hypervisor.qemu.image": None}) == text.replace(line, "")


def test_tables_of_nothing_but_comments_and_new_tables():
    assert changed_lines(config("go-3"), merged(config("go-3"), {"factory.enable_template": True})) == (
        [],
        ["enable_template = true\n"],
    )
    assert merged(config("go-3"), {"factory.enable_template": True}).count("[factory]\nenable_template = true\n") == 1
    assert merged(config("1.0"), {"hypervisor.clh": {"path": "/clh"}, "netmon.path": "/n"}) == (
        config("1.0") + '\n[hypervisor.clh]\npath = "/clh"\n\n[netmon]\npath = "/n"\n'
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_again_changes_nothing(version, newline):
    text = config(version).replace("\n", newline)
    once = merged(text, QEMU_LITE, TUNED, {"factory.enable_template": True, "runtime.internetworking_model": None})
    assert once != text
    assert once.count("\n") == once.count(newline)
    assert (
        merged(once, QEMU_LITE, TUNED, {"factory.enable_template": True, "runtime.internetworking_model": None}) == once
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"hypervisor.qemu.path": "/q", "hypervisor.qemu.default_vcpus": 2},
        {"hypervisor.qemu": {"path": "/q", "default_vcpus": 2}},
        {"hypervisor": {"qemu.path": "/q", "qemu": {"default_vcpus": 2}}},
        {' "hypervisor" . qemu.path': "/q", "hypervisor": {"'qemu'": {"default_vcpus": 2}}},
        {"hypervisor.qemu.path": "/q", "hypervisor": {"qemu": {"path": "/q", "default_vcpus": 2}}},
    ],
)
def test_spellings_of_a_key(changes):
    assert merged(SMALL, changes) == SMALL.replace('"/usr/bin/qemu"', '"/q"').replace("vcpus = 1", "vcpus = 2")


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        pytest.param("", {"a.b": 1}, "[a]\nb = 1\n", id="an empty text"),
        pytest.param("# only this", {"a": 1}, "# only this\na = 1\n", id="no newline at the end, no table"),
        pytest.param("[a]\nb = 1", {"a.c": 2}, "[a]\nb = 1\nc = 2", id="no newline at the end"),
        pytest.param("[a]", {"b.c": 2}, "[a]\n\n[b]\nc = 2\n", id="a table after no newline"),
        pytest.param("[a]\r\nb = 1\r\n", {"b.c": 2}, "[a]\r\nb = 1\r\n\r\n[b]\r\nc = 2\r\n", id="CRLF"),
        pytest.param(
            "# licence\n\n# of a\n[a]\n", {"b": 1}, "# licence\n\nb = 1\n\n# of a\n[a]\n", id="a key of no table"
        ),
        pytest.param(
            "[a]\n  b = 1\n\n# of c\n[c]\n", {"a.d": 2}, "[a]\n  b = 1\n  d = 2\n\n# of c\n[c]\n", id="indented"
        ),
        pytest.param("[a]\nb.c = 1\n[d]\n", {"a.b.e": 2}, "[a]\nb.c = 1\nb.e = 2\n[d]\n", id="dotted keys"),
        pytest.param("[a]\nb.c.d = 1\n", {"a.b.e": 2}, "[a]\nb.c.d = 1\nb.e = 2\n", id="dotted keys, above"),
        pytest.param("a.b = 1\n", {"a.c.d": 2}, "a.b = 1\n\n[a.c]\nd = 2\n", id="a table below dotted keys"),
        pytest.param(
            "[a]\nx = 1\n[b]\n[a.c]\ny = 1\n", {"a.z": 1}, "[a]\nx = 1\nz = 1\n[b]\n[a.c]\ny = 1\n", id="apart"
        ),
        pytest.param("[a.b]\nx = 1\n", {"a.y": 1}, "[a.b]\nx = 1\n\n[a]\ny = 1\n", id="only a table below"),
        pytest.param("x = {a = 1, b = 2} # c\n", {"x.a": 3}, "x = {a = 3, b = 2} # c\n", id="inline table"),
        pytest.param("x = {a = 1, b = 2}\n", {"x.a": None}, "x = { b = 2}\n", id="delete in an inline table"),
        pytest.param("x = {a = 1}\n", {"x.b.c": 2}, "x = {a = 1,b = {c = 2}}\n", id="add to an inline table"),
        pytest.param("a = 'x#y' # old\n", {"a": "z"}, 'a = "z" # old\n', id="a comment beside"),
        pytest.param("a=[ # hi\n 1, # ]\n]\nb = 1\n", {"a": [2]}, "a=[2]\nb = 1\n", id="a list on many lines"),
        pytest.param(
            'a = """\n[b]\nc = 1\n"""\n[b]\nc = 1\n', {"b.c": 2}, 'a = """\n[b]\nc = 1\n"""\n[b]\nc = 2\n', id="text"
        ),
        pytest.param('"a b".c = 1\n', {"'a b'.d": 2}, '"a b".c = 1\n"a b".d = 2\n', id="quoted keys"),
        pytest.param("[a]\nb = 1\n# of b\n[a.c]\nd = 1\n[e]\n", {"a": None}, "# of b\n[e]\n", id="delete a table"),
        pytest.param("[[a]]\nb = 1\n[a.c]\nd = 1\n[e]\n", {"a": None}, "[e]\n", id="delete an array of tables"),
        pytest.param(
            "[a]\nb = 1\n", {"a.c": None, "a.b.c": None, "d.e": None}, "[a]\nb = 1\n", id="delete what is not there"
        ),
        pytest.param("[a]\nb = 1\n", {"a": {}, "c.d": {}}, "[a]\nb = 1\n", id="empty dictionaries"),
        pytest.param(
            "a = 0x10\nb = 1_000\n", {"a": 16, "b": 1000}, "a = 0x10\nb = 1_000\n", id="the same in other words"
        ),
        pytest.param("a = 1.0\n", {"a": 4}, "a = 4.0\n", id="whole for a float"),
        pytest.param("a = 1\n", {"a": 4.0}, "a = 4\n", id="a whole float for an integer"),
        pytest.param(
            "default_vcpus = 1\n", {"default_vcpus": 1.5}, "default_vcpus = 1.5\n", id="a key that is a float"
        ),
        pytest.param("a = [1]\n", {"a": []}, "a = []\n", id="an empty list"),
        pytest.param("a = []\n", {"a": ["x", {"y": 1}]}, 'a = ["x", {y = 1}]\n', id="a list with a table"),
        pytest.param("a = ''\n", {"a": 'q"\\\n\x7f'}, 'a = "q\\"\\\\\\n\\u007f"\n', id="escapes"),
        pytest.param("# \x85 \u2028\na = 1\n", {"a": 2}, "# \x85 \u2028\na = 2\n", id="no line ends"),
        pytest.param("a = 1979-05-27\nb = 1\n", {"b": 2}, "a = 1979-05-27\nb = 2\n", id="a date"),
    ],
)
def test_merge(text, changes, expected):
    assert merged(text, changes) == expected
    assert merged(expected, changes) == expected


def test_changes_in_order():
    assert merged("[a]\nb = 1\n", {"a.b": 2, "a.c": 3}, {"a.b": 4, "a.c": None}) == "[a]\nb = 4\n"
    assert merged("[a]\nb = 1\n", {"a.b": 2, "d.e": 3}, {"a.b": 1, "d": None}) == "[a]\nb = 1\n"
    assert merged("[a]\nb = 1\nc = 2\n", {"a": None}, {"a.c": 3}) == "[a]\nc = 3\n"
    assert merged("a = 1\n", {"a": None}, {"a": "x"}) == 'a = "x"\n'


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"hypervisor.qemu.default_vcpus": "4"},
            "/etc/kata.toml, line 4: 'hypervisor.qemu.default_vcpus' is a whole number (1), a string (\"4\") was "
            "given. Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.default_vcpus": True},
            "/etc/kata.toml, line 4: 'hypervisor.qemu.default_vcpus' is a whole number (1), true was given. "
            "Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.path": 4},
            "/etc/kata.toml, line 3: 'hypervisor.qemu.path' is a string (\"/usr/bin/qemu\"), a whole number (4) was "
            "given. Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.enable_iothreads": "yes"},
            "/etc/kata.toml, line 6: 'hypervisor.qemu.enable_iothreads' is false, a string (\"yes\") was given. "
            "Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.enable_annotations": "a"},
            '/etc/kata.toml, line 7: \'hypervisor.qemu.enable_annotations\' is a list (["a", "b"]), a string ("a") '
            "was given. Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.enable_annotations": [1]},
            '/etc/kata.toml, line 7: \'hypervisor.qemu.enable_annotations\' is a list (["a", "b"]), a list ([1]) was '
            "given. Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.ratio": "x"},
            "/etc/kata.toml, line 5: 'hypervisor.qemu.ratio' is a fraction (0.5), a string (\"x\") was given. "
            "Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu": "x"},
            "/etc/kata.toml, line 2: 'hypervisor.qemu' is a table, a string (\"x\") was given. "
            "Nothing was written; name a key in it.",
        ),
        (
            {"hypervisor": 1},
            "/etc/kata.toml, line 2: 'hypervisor' is a table, a whole number (1) was given. "
            "Nothing was written; name a key in it.",
        ),
        (
            {"hypervisor.qemu.inline.b.c": 1},
            "/etc/kata.toml, line 10: 'hypervisor.qemu.inline.b.c' is a string (\"x\"), a whole number (1) was given. "
            "Nothing was written; keep the type.",
        ),
        (
            {"hypervisor.qemu.path.is": 1},
            "/etc/kata.toml, line 3: 'hypervisor.qemu.path' is a string (\"/usr/bin/qemu\"), so it cannot hold "
            "'hypervisor.qemu.path.is'. Nothing was written; name another key.",
        ),
        (
            {"agent.kata.modules": {"one": 1}},
            '/etc/kata.toml, line 14: \'agent.kata.modules\' is a list (["one", "two"]), so it cannot hold '
            "'agent.kata.modules.one'. Nothing was written; name another key.",
        ),
        (
            {"hypervisor.qemu.path": {}},
            "/etc/kata.toml, line 3: 'hypervisor.qemu.path' is a string (\"/usr/bin/qemu\"), a table was given. "
            "Nothing was written; keep the type.",
        ),
        (
            {"disks": [{"name": "three"}]},
            "/etc/kata.toml, line 19: 'disks' is an array of tables, which is not edited. "
            "Nothing was written; change the file by hand.",
        ),
        (
            {"hypervisor.qemu.path": "/a", "hypervisor": {"qemu.path": "/b"}},
            'the changes give \'hypervisor.qemu.path\' twice, a string ("/a") and a string ("/b"); '
            "keep one of the two.",
        ),
        (
            {"hypervisor.qemu": None, "hypervisor.qemu.path": "/b"},
            "the changes give 'hypervisor.qemu' both null and the key 'hypervisor.qemu.path'; keep one of the two.",
        ),
        (
            {"a": 1, "a.b": 1},
            "the changes give 'a' both a whole number (1) and the key 'a.b'; keep one of the two.",
        ),
        (
            {"hypervisor..qemu": 1},
            "'hypervisor..qemu' is not a TOML key; put parts with other characters than A-Za-z0-9_- in quotes.",
        ),
        (
            {"a b": 1},
            "'a b' is not a TOML key; put parts with other characters than A-Za-z0-9_- in quotes.",
        ),
        ({'"\\q"': 1}, "'\"\\q\"' is not a TOML key; a part in quotes has a wrong escape."),
        ({4: 1}, "the key 4 is a whole number; keys are strings, so write it in quotes."),
        (
            {"a": datetime.date(1979, 5, 27)},
            "'a' was given a value of type date; expected a string, a number, true or false, a list or a table.",
        ),
        (
            {"a": [None]},
            "'a' was given null; expected a string, a number, true or false, a list or a table.",
        ),
    ],
)
def test_refusals(changes, sentence):
    with pytest.raises(TomlError) as caught:
        merged(SMALL, changes)
    assert str(caught.value) == sentence


def test_a_refusal_of_what_an_earlier_change_set():
    with pytest.raises(TomlError) as caught:
        merged(SMALL, {"new.key": [1]}, {"new.key": "x"})
    assert str(caught.value) == (
        "/etc/kata.toml, in an earlier change: 'new.key' is a list ([1]), a string (\"x\") was given. "
        "Nothing was written; keep the type."
    )


def test_what_cannot_be_written_is_not():
    with pytest.raises(TomlError) as caught:
        merged(SMALL, {"disks": None}, {"disks": [1]})
    assert str(caught.value) == (
        "/etc/kata.toml: 'disks' cannot be changed without touching other keys. "
        "Nothing was written; change the file by hand."
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a]\nb = \n", "line 2, column 5: Invalid value"),
        ("[a\n", "line 1, column 3: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", "line 2, column 6: Cannot overwrite a value"),
        ('a = 1\nb = "x', "line 2, column 7: Unterminated string"),
        ("a = [\n1\n", "line 3, column 1: Unclosed array"),
        ("@QEMUPATH@ = 1\n", "line 1, column 1: Invalid statement"),
    ],
)
def test_a_text_that_does_not_parse(text, fault):
    for use in (kata_toml.merge, kata_toml.fragment):
        with pytest.raises(TomlError) as caught:
            use(text, {"a": 1}, source="/etc/kata.toml")
        assert str(caught.value) == (
            f"/etc/kata.toml is not TOML: {fault}. Nothing was written; correct the file and run again."
        )


def test_a_drop_in():
    assert kata_toml.fragment(config("rust-4"), TUNED, {"hypervisor.qemu.factory.enable_template": True}) == (
        "# Written by katabench.scylla from kata_config and kata_profiles; change it there.\n"
        "\n"
        "[hypervisor.qemu]\n"
        "default_vcpus = 4\n"
        "default_memory = 3072\n"
        "enable_iothreads = true\n"
        "\n"
        "[hypervisor.qemu.factory]\n"
        "enable_template = true\n"
    )


def test_a_drop_in_holds_what_differs():
    header = "# Written by katabench.scylla from kata_config and kata_profiles; change it there.\n"
    assert kata_toml.fragment(config("go-3")) == header
    changes = ({"agent.kata": {"dial_timeout": 45.0, "kernel_modules": []}}, {"absent.key": 1}, {"absent.key": None})
    assert kata_toml.fragment(config("go-3"), *changes) == header
    assert kata_toml.fragment("x = {a = 1, b = 2}\n", {"x.b": 3, "top": "y"}) == header + '\ntop = "y"\n\n[x]\nb = 3\n'


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"hypervisor.qemu.image": None},
            "/opt/kata.toml, line 6: 'hypervisor.qemu.image' was to be deleted, and a drop-in file cannot delete; "
            "give it the value that it has by default.",
        ),
        (
            {"hypervisor.qemu.default_memory": "3G"},
            "/opt/kata.toml, line 30: 'hypervisor.qemu.default_memory' is a whole number (2048), a string (\"3G\") was "
            "given. Nothing was written; keep the type.",
        ),
        (
            {"runtime": {"experimental": {"a": True}}},
            "/opt/kata.toml, line 127: 'runtime.experimental' is a list ([]), so it cannot hold "
            "'runtime.experimental.a'. Nothing was written; name another key.",
        ),
    ],
)
def test_refusals_of_a_drop_in(changes, sentence):
    with pytest.raises(TomlError) as caught:
        kata_toml.fragment(config("go-3"), changes, source="/opt/kata.toml")
    assert str(caught.value) == sentence


def test_nested_names_what_by_path_read():
    paths = {("a", "b c"): 1, ("a", "d"): None, ("e",): {}}
    assert kata_toml.by_path(kata_toml.nested(paths)) == paths


KEYS = st.sampled_from(["a", "b", "c", "d e", "é", "1", ""])
TEXTS = st.text("ab#]['\"\\\n\t\x85\u2028{}=,", max_size=4)
PLAIN = st.one_of(st.integers(-3, 3), st.booleans(), TEXTS, st.floats(allow_nan=False), st.lists(TEXTS, max_size=2))
INLINE = st.dictionaries(KEYS, PLAIN | st.dictionaries(KEYS, PLAIN, max_size=2), max_size=2)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)
# What may stand before, between and after, and what is around a value.
NOISE = st.sampled_from(["", "# note", "#a = 1", "  # [b]", "# \x85 \u2028 x"])
STATEMENT = st.tuples(
    st.sampled_from(["", "  ", "\t"]),
    PATHS,
    st.sampled_from([" = ", "=", "  ="]),
    PLAIN | INLINE,
    NOISE.map(" {}".format),
).map(lambda parts: f"{parts[0]}{dotted(parts[1])}{parts[2]}{rendered(parts[3])}{parts[4]}")
HEADER = st.tuples(st.sampled_from(["[{}]", " [ {} ] # x", "[[{}]]"]), PATHS).map(
    lambda parts: parts[0].format(dotted(parts[1]))
)
LISTS = st.lists(st.integers(0, 3), max_size=3).map(lambda items: f"f = [ # [\n{'1, # ]' * len(items)}\n]")
CHANGES = st.dictionaries(
    PATHS.map(dotted),
    st.recursive(PLAIN | st.none(), lambda inner: st.dictionaries(PATHS.map(dotted), inner, max_size=3), max_leaves=4),
    max_size=3,
)


@st.composite
def texts(draw):
    """A TOML text, drawn line by line: what makes it invalid is left out."""
    lines = []
    for line in draw(st.lists(st.one_of(NOISE, STATEMENT, STATEMENT, HEADER, LISTS), max_size=10)):
        try:
            tomllib.loads("\n".join([*lines, line]))
        except tomllib.TOMLDecodeError:
            continue
        lines.append(line)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return newline.join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", newline]))


def dictionary_merge(data, changes):
    for path, value in kata_toml.by_path(changes).items():
        place = data
        for part in path[:-1]:
            # Where nothing is to be set, no table is made.
            place = place.get(part, {}) if value is None else place.setdefault(part, {})
            if not isinstance(place, dict):
                break
        if value is None and isinstance(place, dict):
            place.pop(path[-1], None)
        elif value is not None and value != {}:
            before = place.get(path[-1])
            numbers = (int, float)
            place[path[-1]] = type(before)(value) if type(before) in numbers and type(value) in numbers else value
    return data


def facts(data, above=()):
    """Every value with its type, by its path; tables without any are left out."""
    found = {}
    for key, value in data.items():
        found |= facts(value, (*above, key)) if isinstance(value, dict) else {(*above, key): repr(value)}
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(text=texts(), changes=CHANGES)
def test_merging_is_a_dictionary_merge_and_keeps_the_rest(text, changes):
    try:
        result = merged(text, changes)
    except TomlError as error:
        if "cannot be changed" in str(error):
            raise
        assume(False)
    wanted = dictionary_merge(tomllib.loads(text), changes)
    expected = facts(wanted)
    assert facts(tomllib.loads(result)) == expected
    assert merged(result, changes) == result
    if "\r\n" in text:
        assert result.count("\n") == result.count("\r\n")
    if repr(wanted) == repr(tomllib.loads(text)):
        assert result == text
    before = facts(tomllib.loads(text))
    changed = {path for path in before | expected if before.get(path) != expected.get(path)}
    changed |= {path for path, value in kata_toml.by_path(changes).items() if value is None}  # of an empty table, too
    old_lines, new_lines = ([line.rstrip("\r") for line in whole.split("\n")] for whole in (text, result))
    for line in Counter(old_lines) - Counter(new_lines):
        of_a_list = not line.strip("1, #]")
        assert of_a_list or any(dotted((part,)) in line for path in changed for part in path)
    comments = [line for line in old_lines if line.strip().startswith("#")]
    assert [line for line in new_lines if line.strip().startswith("#")] == comments


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(text=texts(), changes=CHANGES)
def test_a_drop_in_over_the_base_is_the_merge(text, changes):
    try:
        drop_in = kata_toml.fragment(text, changes)
    except TomlError:
        assume(False)
    assert drop_in.startswith("# Written by katabench.scylla")
    over = facts(tomllib.loads(text)) | facts(tomllib.loads(drop_in))
    assert over == facts(tomllib.loads(merged(text, changes)))
