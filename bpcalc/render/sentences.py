"""The sentences of traces and pages, in every language that bpcalc speaks: one catalogue.

A language is a `Sentences`; the type checker says which sentence a new one lacks. What stands in
braces is filled in; mathematics is the same in all languages and stands elsewhere.
"""

from __future__ import annotations

from typing import NamedTuple


class Sentences(NamedTuple):
    """Everything that is said in words."""

    language: str
    """As HTML names it."""
    at: str
    """Between a formula and the values of its variables."""
    functions: str
    function: str
    forward: str
    backward: str
    start: str
    given: str
    through: str
    through_input: str
    nothing: str
    nothing_through: str
    delta: str
    along_paths: str
    path: str
    many_paths: str
    gradient: str
    value: str
    part: str
    not_checked: str
    agrees: str
    agrees_on_some: str
    disagrees: str
    contradicts: str
    could_check_none: str


ENGLISH = Sentences(
    language="en",
    at="at",
    functions="Functions",
    function="{call} = {meaning}",
    forward="Forward: the value of every node",
    backward="Backward: the gradient of every node, by the chain rule",
    start="the backward pass starts here",
    given="given: the gradient that arrives from outside",
    through="through {node}",
    through_input="through {node}, input {place}",
    nothing="nothing flows back to it",
    nothing_through="nothing flows",
    delta="δ = {slope} is the gradient of a neuron's net input z, that is, of what its activation "
    "gets. Some books give δ the opposite sign.",
    along_paths="Along each path",
    path="along path {place}",
    many_paths="More than {most} paths lead from {node} to {output}; edge by edge:",
    gradient="Gradient",
    value="Value",
    part="Nodes {first} to {last} of {count}.",
    not_checked="not checked",
    agrees="SymPy agrees on all {count} nodes, value and gradient; error at most {error}",
    agrees_on_some="SymPy agrees on {agreed} of {count} nodes, and could not check {open}; "
    "error at most {error}",
    disagrees="SymPy disagrees on {wrong} of {count} nodes: {named}",
    contradicts="SymPy's check contradicts itself: trust neither it nor the gradient",
    could_check_none="SymPy could check none of {count} nodes",
)

CHINESE = Sentences(
    language="zh-Hans",
    at="其中",
    functions="函数",
    function="{call} = {meaning}",
    forward="前向传播：逐个节点求值",
    backward="反向传播：用链式法则逐个节点求梯度",
    start="反向传播从这里开始",
    given="给定：从外部传来的梯度",
    through="经 {node}",
    through_input="经 {node} 的第 {place} 个输入",
    nothing="没有梯度传回这里",
    nothing_through="没有梯度传回",
    delta="δ = {slope} 是神经元净输入 z（即激活函数的输入）的梯度。有些书中 δ 取相反的符号。",
    along_paths="沿每条路径",
    path="沿路径 {place}",
    many_paths="从 {node} 到 {output} 的路径多于 {most} 条；下面逐边计算：",
    gradient="梯度",
    value="值",
    part="第 {first} 到 {last} 个节点，共 {count} 个。",
    not_checked="未核对",
    agrees="SymPy 核对：全部 {count} 个节点的值和梯度都一致；误差不超过 {error}",
    agrees_on_some="SymPy 核对：{count} 个节点中有 {agreed} 个一致，{open} 个无法核对；"
    "误差不超过 {error}",
    disagrees="SymPy 核对：{count} 个节点中有 {wrong} 个不一致：{named}",
    contradicts="SymPy 的核对自相矛盾：它与梯度都不可信",
    could_check_none="SymPy 无法核对 {count} 个节点中的任何一个",
)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
