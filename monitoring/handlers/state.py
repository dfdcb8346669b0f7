"""How results become a status: soft and hard, flapping, ageing. Pure.

One error is a hint: the value changes when the next result agrees, or at once where the check says
so. A good result counts at once. Silence makes a value unknown, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from calipso.model.monitoring import Value

#: Results that are looked at for flapping. The last changes weigh more (0.8 to 1.2).
WINDOW = 21
#: Shares of changes at which flapping starts and ends.
STARTS, ENDS = 0.30, 0.25
#: Results in a row that make a value hard.
NEEDED = {Value.OK: 1, Value.WARNING: 2, Value.ERROR: 2, Value.UNKNOWN: 3}


@dataclass(frozen=True)
class Memory:
    """What is remembered of a target between results. `value` None: nothing was found yet."""

    value: Value | None = None
    soft: Value | None = None
    count: int = 0
    #: The last results as digits, the newest last.
    last: str = ""
    flapping: bool = False

    @property
    def quiet(self) -> bool:
        """True when nothing but the value is worth keeping."""
        return self.soft is None and not self.flapping and not self.last.strip("0")

    def packed(self) -> list[object]:
        """Return it as a short list, to store many."""
        soft = None if self.soft is None else int(self.soft)
        value = None if self.value is None else int(self.value)
        return [value, soft, self.count, self.last, self.flapping]


def unpacked(stored: list[object]) -> Memory:
    """Return the memory of such a list."""
    value, soft, count, last, flapping = stored
    return Memory(
        None if value is None else Value(int(str(value))),
        None if soft is None else Value(int(str(soft))),
        int(str(count)),
        str(last),
        bool(flapping),
    )


@dataclass(frozen=True)
class Step:
    """The memory after a result, and when flapping changed: `started`, `ended` or empty."""

    memory: Memory
    flap_edge: str = ""


def step(memory: Memory, result: Value, *, at_once: bool = False) -> Step:
    """Return what a result makes of what is remembered. The first result always counts."""
    last = (memory.last + str(int(result)))[-WINDOW:]
    share = changes_share(last)
    flapping = share >= ENDS if memory.flapping else share > STARTS
    edge = "" if flapping == memory.flapping else "started" if flapping else "ended"
    if result == memory.value:
        return Step(Memory(memory.value, None, 0, last, flapping), edge)
    count = memory.count + 1 if memory.soft == result else 1
    needed = 1 if at_once or memory.value is None else NEEDED[result]
    if count >= needed:
        return Step(Memory(result, None, 0, last, flapping), edge)
    return Step(Memory(memory.value, result, count, last, flapping), edge)


def changes_share(last: str) -> float:
    """Return the weighted share of changes in the last results, 0 to 1.

    Of 21 results there are 20 changes at most; the oldest weighs 0.8, the newest 1.2.
    """
    most = WINDOW - 1
    begin = most - (len(last) - 1)
    changed = (
        0.8 + 0.4 * (begin + at) / (most - 1)
        for at in range(len(last) - 1)
        if last[at] != last[at + 1]
    )
    return sum(changed) / most
