"""How the parts of the package stand to each other, read from their import statements."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import bpcalc

PACKAGE = Path(bpcalc.__file__).parent

LAYERS = [
    ["errors", "version"],
    ["graph"],
    ["ops"],
    ["formula", "engine"],
    ["array_values"],
    ["bindings"],
    ["checks", "codegen"],
    ["results"],
    ["calculator", "steps"],
    ["rows"],
    ["descent"],
    ["render"],
    ["exporting"],
    ["cli"],
    ["__init__", "__main__"],
]
"""Each part imports only from the lines above its own; parts of one line do not know each other."""

UPWARD = {
    ("results", "render"): "a notebook asks a result for its picture and table (_repr_html_)",
    ("graph", "render"): "a notebook asks a graph for its picture (_repr_svg_)",
}
"""Arrows that point the other way when they are followed, each with its reason."""

HOMES = {
    "click": ["cli"],
    "rich": ["render"],
    "pygraphviz": ["render"],
    "sympy": ["checks"],
    "mpmath": ["checks"],
    "polars": ["rows"],
    "dask": ["rows"],
    "distributed": ["rows"],
    "scipy": ["codegen"],
    "matplotlib": ["render"],
    "numpy": [
        *("ops", "engine", "array_values", "bindings", "checks", "codegen", "rows", "descent"),
        *("render", "results", "steps", "cli"),
    ],
}
"""Where a library is imported, and nowhere else."""

SLOW = ["sympy", "mpmath", "numpy", "rich", "polars", "scipy", "matplotlib", "distributed"]
"""Libraries that an answer may not need: 139 ms for NumPy, 270 ms for SymPy."""


class Import(NamedTuple):
    """One import statement: in which module, of what, and when it runs."""

    path: Path
    line: int
    what: str
    when: str
    """`start` at the top of the module, `call` in a function, `types` for the type checker only."""

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(PACKAGE.parent)}:{self.line}"

    @property
    def part(self) -> str:
        return self.path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[Import]:
    yield from _imports_in(path, ast.parse(path.read_text(encoding="utf-8")), "start")


def _imports_in(path: Path, tree: ast.AST, when: str) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name, when)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import"
            module = node.module or ""
            if module == "bpcalc":
                for alias in node.names:
                    yield Import(path, node.lineno, f"bpcalc.{alias.name}", when)
            else:
                yield Import(path, node.lineno, module, when)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imports_in(path, ast.Module(node.body, []), "types")
        else:
            in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports_in(path, node, "call" if in_function else when)


MODULES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = [found for path in MODULES for found in imports_of(path)]
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}


def test_every_part_of_the_package_has_its_place_among_the_layers() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert sorted(parts - set(LEVEL)) == []


def test_imports_go_one_way() -> None:
    turned = []
    for found in IMPORTS:
        library, _, rest = found.what.partition(".")
        part = rest.partition(".")[0] or "__init__"
        if library != "bpcalc" or part == found.part or found.when == "types":
            continue
        if LEVEL[part] >= LEVEL[found.part] and (found.part, part) not in UPWARD:
            turned.append(f"{found.place}: {found.part}/ may not import {found.what}")
    assert turned == []


def test_an_upward_arrow_is_followed_only_when_called() -> None:
    followed = {
        (found.part, found.what.split(".")[1])
        for found in IMPORTS
        if found.what.startswith("bpcalc.") and found.when == "call"
    }
    at_once = {
        (found.part, found.what.split(".")[1])
        for found in IMPORTS
        if found.what.startswith("bpcalc.") and found.when == "start"
    }
    assert set(UPWARD) <= followed
    assert not set(UPWARD) & at_once


def test_each_library_has_its_home() -> None:
    astray = []
    for found in IMPORTS:
        library = found.what.partition(".")[0]
        if library in sys.stdlib_module_names or library == "bpcalc":
            continue
        if library not in HOMES:
            astray.append(f"{found.place}: {library} has no home")
        elif found.part not in HOMES[library]:
            astray.append(f"{found.place}: {library} belongs into {', '.join(HOMES[library])}")
    assert astray == []


def test_numpy_is_imported_only_when_it_is_needed() -> None:
    """Modules for arrays import it from the start, and are themselves imported in functions."""
    at_once: dict[str, list[str]] = {}
    for found in IMPORTS:
        if found.when == "start":
            module = ".".join(found.path.relative_to(PACKAGE.parent).with_suffix("").parts)
            at_once.setdefault(module.removesuffix(".__init__"), []).append(found.what)
    waiting = ["bpcalc", "bpcalc.cli.commands", "bpcalc.calculator", "bpcalc.checks.check"]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [*at_once.get(module, []), module.rpartition(".")[0]]
    assert "click" in reached
    assert [name for name in sorted(reached) if name.startswith("numpy")] == []


def test_no_text_of_a_user_becomes_code() -> None:
    refused = {"eval", "exec", "compile", "__import__", "parse_expr", "S"}
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                by_re = isinstance(node.func, ast.Attribute) and name == "compile"
                if name in refused and not by_re and path.parent.name != "codegen":
                    found.append(f"{path.name}:{node.lineno}: {name}")
    assert found == []
    assert [f.place for f in IMPORTS if f.what in ("pickle", "marshal", "shelve")] == []


# What is imported when


def imported_after(code: str) -> set[str]:
    """The modules that a fresh Python has imported after running `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(ran.stderr.split())


def slow_ones_after(code: str) -> list[str]:
    return sorted(set(SLOW) & imported_after(code))


def test_importing_the_command_line_imports_no_slow_library() -> None:
    assert slow_ones_after("import bpcalc.cli") == []


def test_importing_the_package_imports_only_its_version() -> None:
    ours = {name for name in imported_after("import bpcalc") if name.startswith("bpcalc")}
    assert ours == {"bpcalc", "bpcalc.version"}


@pytest.mark.parametrize("name", bpcalc.__all__)
def test_a_public_name_is_there_and_costs_no_slow_library(name: str) -> None:
    assert getattr(bpcalc, name) is not None
    assert name in dir(bpcalc)


def test_parsing_and_differentiating_import_no_slow_library() -> None:
    assert slow_ones_after("import bpcalc; bpcalc.grad('x**2*y', x=3, y=4, check=False)") == []
    assert slow_ones_after("import bpcalc; bpcalc.parse('sigmoid(x)')") == []


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("grad x**2*y --x 3 --y 4 --no-check --format json", []),
        ("grad x**2*y --x 3 --y 4 --no-check --get gradient.x", []),
        ("grad x**2*y --x 3 --y 4 --no-check --format csv", []),
        ("grad x**2*y --x 3 --y 4 --no-check", ["rich"]),
        ("grad x**2*y --x 3 --y 4 --get value", ["mpmath", "sympy"]),
        ("--version", []),
        ("--help", []),
        ("grad --help", []),
        ("grad sigmod(x) --x 1", []),
    ],
)
def test_a_command_imports_only_what_it_needs(words: str, needed: list[str]) -> None:
    assert slow_ones_after(f"from bpcalc.cli import main\nmain({words.split()!r})") == needed


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'gradient'"):
        bpcalc.gradient  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
