"""Names of the formula -> names of the target: what it cannot spell, reserves or already uses.

A name that the target can take stays as it is. Of two names that would become the same one, that
which needs no change keeps it, and the other gets a number.
"""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

from bpcalc.codegen.program import Program

_OF_MATH_H = """
acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp
log log10 log1p log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil
floor nearbyint rint lrint llrint round lround llround trunc fmod remainder remquo copysign nan
nextafter nexttoward fdim fmax fmin fma fpclassify isfinite isinf isnan isnormal signbit isgreater
isless isunordered gamma signgam j0 j1 jn y0 y1 yn
HUGE_VAL INFINITY NAN FP_NAN FP_ZERO M_E M_PI errno main
"""

_OF_C = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while alignas alignof bool true false constexpr nullptr static_assert thread_local typeof
asm and and_eq bitand bitor catch class compl const_cast decltype delete dynamic_cast explicit
export friend mutable namespace new noexcept not not_eq operator or or_eq private protected public
reinterpret_cast static_cast template this throw try typeid typename using virtual wchar_t xor
xor_eq linux unix
"""

_OF_JAVASCRIPT = """
abstract arguments as async await boolean break byte case catch char class const continue debugger
default delete do double else enum eval export extends false final finally float for from function
get goto if implements import in instanceof int interface let long native new null of package
private protected public return set short static super switch synchronized this throw throws
transient true try typeof var void volatile while with yield
Array Boolean Date Error Function Infinity JSON Map Math NaN Number Object Promise Proxy Reflect Set
String Symbol console document globalThis isFinite isNaN module parseFloat require self undefined
window
"""

_OF_PYTHON = frozenset([*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "math"])

RESERVED: dict[str, frozenset[str]] = {
    "python": _OF_PYTHON,
    "numpy": _OF_PYTHON
    | {"np", "numpy", "erf", "erfc", "gamma", "lgamma", "elementwise", "gradient"},
    "c": frozenset([*_OF_C.split(), *_OF_MATH_H.split(), "gradient"]),
    "js": frozenset(_OF_JAVASCRIPT.split()),
    "sql": frozenset(),
}
"""What a name of the source may not be: words of the language, and what functions are called."""


def _is_word(text: str) -> bool:
    """Whether Python and JavaScript take it as a name, and both as the same one."""
    return text.isidentifier() and unicodedata.normalize("NFKC", text) == text


def _is_ascii_word(text: str) -> bool:
    return text.isascii() and text.isidentifier()


SPELLABLE: dict[str, Callable[[str], bool]] = {
    "python": _is_word,
    "numpy": _is_word,
    "c": _is_ascii_word,
    "js": _is_word,
    "sql": lambda text: True,  # in quotes
}
"""Which names a language can spell."""

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def spelled(name: str, to: str) -> str:
    """A name as the language can spell it: `x₁` as `x1`, `x′` as `x_prime`, in C `σ` as `sigma`."""
    fits = SPELLABLE[to]
    if fits(name):
        return name
    plain = name.translate(_DIGITS).replace("′", "_prime")
    if fits(plain):
        return plain
    return "".join(c if fits(f"a{c}") else _in_ascii(c) for c in plain)


def _in_ascii(character: str) -> str:
    words = unicodedata.name(character, "").split()
    if words[:1] != ["GREEK"] or "LETTER" not in words:
        return f"u{ord(character):04x}"
    letter = words[words.index("LETTER") + 1].replace("LAMDA", "LAMBDA")
    return letter.lower() if character.islower() else letter.capitalize()


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


class Names:
    """The names of a source, each given once."""

    def __init__(self, to: str, taken: Iterable[str]) -> None:
        self.to = to
        self._taken = {self._folded(name) for name in taken}
        self._results = 0

    def _folded(self, name: str) -> str:
        return name.lower() if self.to == "sql" else name

    def new(self, wanted: str) -> str:
        """The wanted name, or one like it that nobody has."""
        name = spelled(wanted, self.to)
        reserved = RESERVED[self.to]
        if name in reserved:
            name += "_"
        found, number = name, 2
        while self._folded(found) in self._taken or found in reserved:
            found, number = f"{name}_{number}", number + 1
        self._taken.add(self._folded(found))
        return found

    def result(self) -> str:
        """A name for a result on the way: t1, t2, ..."""
        self._results += 1
        while self._folded(f"t{self._results}") in self._taken:
            self._results += 1
        return self.written(self.new(f"t{self._results}"))

    def written(self, name: str) -> str:
        """A name as it stands in the source."""
        return quoted(name) if self.to == "sql" else name

    def all_new(self, wanted: Iterable[str]) -> dict[str, str]:
        """Names for all that are wanted; those that can stay as they are come first."""
        wanted = list(wanted)
        first = sorted(wanted, key=lambda name: not self._stays(name))
        return {name: self.new(name) for name in first}

    def _stays(self, name: str) -> bool:
        return spelled(name, self.to) == name and name not in RESERVED[self.to]


class Output(NamedTuple):
    """An output of a program: what the source calls it, and which slot it is."""

    name: str
    slot: int


class Named(NamedTuple):
    """The names of a program in a source."""

    slots: dict[int, str]
    """Of the inputs, and of the steps that are statements."""
    renamed: dict[str, str]
    """Names of the formula, and what they are called in the source."""
    outputs: list[Output]
    """The value, and the gradient in the order that was asked for."""
    names: Names


def named(program: Program, wrt: Iterable[str], to: str, taken: Iterable[str]) -> Named:
    """Names for the inputs, the named statements, and the outputs: `value`, `d_x`, `d_y`.

    A gradient that the value is computed from, too, gets its name only when it is put out.
    """
    names = Names(to, taken)
    statements = list(dict.fromkeys(program.values.values()))
    known = names.all_new([*program.inputs, *statements])
    slots = {slot: known[name] for slot, name in enumerate(program.inputs)}
    slots |= {slot: known[name] for slot, name in program.values.items()}
    slope = {name: _slope(name, known, to) for name in [*program.gradients.values(), *wrt]}
    outputs = [_value(program, slots, names)]
    for slot, name in program.gradients.items():
        if slot not in slots and slot > program.outputs[0]:
            slots[slot] = names.new(slope[name])
    for slot, name in zip(program.outputs[1:], wrt):
        if slot > program.outputs[0] and slot >= program.first_step and slot not in slots:
            slots[slot] = names.new(slope[name])
            outputs.append(Output(slots[slot], slot))
        elif program.gradients.get(slot) == name and slots.get(slot) not in (None, known.get(name)):
            outputs.append(Output(slots[slot], slot))
        else:
            outputs.append(Output(names.new(slope[name]), slot))
    renamed = {name: found for name, found in known.items() if found != name}
    return Named(
        {slot: names.written(name) for slot, name in slots.items()},
        renamed,
        [Output(names.written(name), slot) for name, slot in outputs],
        names,
    )


def _value(program: Program, slots: dict[int, str], names: Names) -> Output:
    slot = program.outputs[0]
    if slot < program.first_step:
        return Output(names.new("value"), slot)
    if slot not in slots:
        slots[slot] = names.new("value")
    return Output(slots[slot], slot)


def _slope(name: str, known: dict[str, str], to: str) -> str:
    """What the gradient by a name wants to be called."""
    found = known.get(name, name)
    return f"d_{name if name in RESERVED[to] else found}"
