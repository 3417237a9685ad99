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
    forward: str
    backward: str
    start: str
    given: str
    through: str
    through_input: str
    input: str
    """Where a sum has two shares through the same node."""
    nothing: str
    nothing_through: str
    delta: str
    shape: str
    wrong: str
    too_long: str
    rounded: str
    only: str
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
    agrees_along: str
    disagrees_along: str
    agrees_roughly: str
    disagrees_roughly: str
    derivation: str
    """The title of a page."""
    check: str
    warnings: str
    steps: str
    step: str
    first: str
    back: str
    play: str
    pause: str
    next: str
    last: str
    begin: str
    """Where the steps of a page begin."""
    given_value: str
    computed_value: str
    start_of_gradients: str
    share: str
    whole_gradient: str
    sum_of_shares: str
    no_gradient: str
    few_steps: str
    few_results: str
    picture: str
    picture_key: str
    group_key: str
    left_out: str
    whole_picture: str
    larger: str
    smaller: str
    fit: str
    light_or_dark: str
    details: str
    details_hint: str
    look_inside: str
    formula: str
    not_yet: str
    says_check: str
    inputs: str
    consumers: str


ENGLISH = Sentences(
    language="en",
    at="at",
    functions="Functions",
    forward="Forward: the value of every node",
    backward="Backward: the gradient of every node, by the chain rule",
    start="the backward pass starts here",
    given="given: {objective} is what is computed from {output} further on",
    through="through {node}",
    through_input="through {node}, input {place}",
    input="{node}, input {place}",
    nothing="nothing flows back to it",
    nothing_through="nothing flows",
    shape="shape {shape}",
    wrong="WRONG, right is {right}",
    too_long="SymPy's formula is too long to be read",
    rounded="Numbers are rounded to {digits} digits.",
    only="Only what leads to {names} is told; other values are given as numbers.",
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
    agrees_along="Differences to 50 digits agree with the value, and with the gradient along "
    "random directions; error at most {error}",
    agrees_roughly="Differences in float64 agree with the gradient along random directions; "
    "error at most {error}",
    disagrees_roughly="Differences in float64 disagree with the gradient along random directions; "
    "error {error}",
    disagrees_along="Differences to 50 digits disagree with the gradient along random directions; "
    "error {error}",
    derivation="The gradient of {output}, step by step",
    check="Check",
    warnings="Warnings",
    steps="Steps",
    step="Step {step} of {count}",
    first="First",
    back="Back",
    play="Play",
    pause="Pause",
    next="Next",
    last="Last",
    begin="{count} steps: Next, or the arrow key →, takes the first one.",
    given_value="Forward: a value that is given",
    computed_value="Forward: a value, from the values of its inputs",
    start_of_gradients="Backward: the gradient of the output",
    share="Backward: the share of one edge, upstream gradient times local derivative",
    whole_gradient="Backward: a gradient, upstream gradient times local derivative",
    sum_of_shares="Backward: a gradient, the sum of the shares of its edges",
    no_gradient="Backward: nothing flows here",
    few_steps="The steps of nodes {first} to {last} of {count}; `bpcalc trace` tells all of them.",
    few_results="The first {most} of {count}; `bpcalc trace` tells all of them.",
    picture="Computation graph",
    picture_key="In a box the value stands above the line and the gradient below it; beside an "
    "arrow stands what comes back along it: upstream × local = share.",
    group_key="A box with another one behind it stands for several nodes: a click, or Enter, "
    "shows what is inside.",
    left_out="{hidden} of {count} nodes are not in the picture, the farthest from {output}.",
    whole_picture="Whole graph",
    larger="Larger",
    smaller="Smaller",
    fit="Fit",
    light_or_dark="Light or dark",
    details="Details",
    details_hint="Point at a box, or go to it with the Tab key.",
    look_inside="Look inside",
    formula="Formula",
    not_yet="not yet known",
    says_check="SymPy says",
    inputs="Inputs",
    consumers="Used by",
)

CHINESE = Sentences(
    language="zh-Hans",
    at="其中",
    functions="函数",
    forward="前向传播：逐个节点求值",
    backward="反向传播：用链式法则逐个节点求梯度",
    start="反向传播从这里开始",
    given="给定：{objective} 是由 {output} 进一步算出的量",
    through="经 {node}",
    through_input="经 {node} 的第 {place} 个输入",
    input="{node} 的第 {place} 个输入",
    nothing="没有梯度传回这里",
    nothing_through="没有梯度传回",
    shape="形状 {shape}",
    wrong="错误，正确值为 {right}",
    too_long="SymPy 的公式太长，不便阅读",
    rounded="数值舍入到 {digits} 位有效数字。",
    only="只讲与 {names} 有关的步骤；其余节点只给出数值。",
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
    agrees_along="50 位精度的差商与值一致，沿若干随机方向与梯度一致；误差不超过 {error}",
    agrees_roughly="float64 精度的差商沿若干随机方向与梯度一致；误差不超过 {error}",
    disagrees_roughly="float64 精度的差商沿随机方向与梯度不一致；误差为 {error}",
    disagrees_along="50 位精度的差商沿随机方向与梯度不一致；误差为 {error}",
    derivation="逐步求 {output} 的梯度",
    check="核对",
    warnings="警告",
    steps="步骤",
    step="第 {step} 步，共 {count} 步",
    first="开头",
    back="上一步",
    play="播放",
    pause="暂停",
    next="下一步",
    last="末尾",
    begin="共 {count} 步：点“下一步”或按方向键 → 开始。",
    given_value="前向：给定的值",
    computed_value="前向：由输入的值求出的值",
    start_of_gradients="反向：输出自身的梯度",
    share="反向：一条边的贡献，即上游梯度乘以局部导数",
    whole_gradient="反向：梯度，即上游梯度乘以局部导数",
    sum_of_shares="反向：梯度，即各条边的贡献之和",
    no_gradient="反向：没有梯度传回这里",
    few_steps="这里只列第 {first} 到 {last} 个节点（共 {count} 个）的步骤；"
    "全部步骤见 `bpcalc trace`。",
    few_results="前 {most} 个，共 {count} 个；全部结果见 `bpcalc trace`。",
    picture="计算图",
    picture_key="框中横线上方是值，下方是梯度；箭头旁是沿它传回的梯度：上游 × 局部 = 贡献。",
    group_key="背后还有一个框的框代表多个节点：点击或按 Enter 键可查看其内部。",
    left_out="共 {count} 个节点，其中 {hidden} 个离 {output} 最远，没有画出。",
    whole_picture="整个图",
    larger="放大",
    smaller="缩小",
    fit="适合窗口",
    light_or_dark="浅色或深色",
    details="详情",
    details_hint="把鼠标移到某个框上，或用 Tab 键选中它。",
    look_inside="查看内部",
    formula="公式",
    not_yet="尚未求出",
    says_check="SymPy 的结果",
    inputs="输入",
    consumers="用于",
)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
