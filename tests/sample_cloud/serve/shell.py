"""What a host does with a command line: bundle or single command, with the faults in force.

The result is a list of steps, so that the SSH server can send, wait or break off as told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from calipso.sources.cli.bundle import Question, parse_script
from calipso.sources.cli.commands import COMMANDS, Command
from calipso.sources.ovn.script import NAME, databases

from ..cloud import Answer
from .faults import seconds
from .monitored import monitored
from .stage import Stage

QUESTIONS = (*COMMANDS, Command(NAME, *databases()))
NAME_OF = {command.text: command.name for command in QUESTIONS}
TOOL_OF = {command.text: command.tool for command in QUESTIONS}
SUDO = re.compile(r"^sudo(?: -n)?(?: --)? ")
FOR_EVER = 86400.0
TIMED_OUT = 124
BANNER = b"*** Authorised use only. This system is monitored. ***\n"


@dataclass(frozen=True)
class Step:
    """One thing the server does: send, wait, end with a status, or close without one."""

    out: bytes = b""
    err: bytes = b""
    wait: float = 0.0
    exit: int | None = None
    close: bool = False


class Shell:
    """The login shell of one host."""

    def __init__(self, stage: Stage, host: str) -> None:
        self.stage = stage
        self.host = host

    def run(self, command_line: str) -> Iterator[Step]:
        """The steps of a command line."""
        faults = self.stage.faults
        self.stage.counts.ssh_exec()
        sudo = SUDO.match(command_line)
        if sudo and faults.at("sudo-password", self.host):
            yield Step(err=b"sudo: a password is required\n", exit=1)
            return
        if faults.at("noisy-stderr", self.host):
            yield Step(err=BANNER)
        script = parse_script(command_line)
        if script is None:
            yield from self._single(command_line[sudo.end() :] if sudo else command_line)
            return
        for question in script.questions:
            if faults.at("closed-channel", self.host):
                yield from self._broken(script.marker, question)
                return
            yield from self._framed(script.marker, question)
        yield Step(exit=0)

    def _single(self, command: str) -> Iterator[Step]:
        if self.stage.faults.at("closed-channel", self.host):
            yield Step(out=b"half an ans", close=True)
            return
        delay = self._delay(command)
        if delay:
            yield Step(wait=delay)
        answer = self._answer(command)
        yield Step(answer.out, answer.err, exit=answer.exit)

    def _framed(self, marker: str, question: Question) -> Iterator[Step]:
        begin = f"\n{marker} begin {question.name}\n".encode()
        delay = self._delay(question.text)
        answer = self._answer(question.text)
        if delay:
            yield Step(out=begin, err=begin, wait=min(delay, question.timeout))
            begin = b""
        if delay > question.timeout:
            answer = Answer(exit=TIMED_OUT)
        end = f"\n{marker} end {question.name} {answer.exit}\n".encode()
        yield Step(begin + answer.out + end, begin + answer.err + end)

    def _broken(self, marker: str, question: Question) -> Iterator[Step]:
        answer = self._answer(question.text)
        begin = f"\n{marker} begin {question.name}\n".encode()
        yield Step(out=begin + answer.out[: len(answer.out) // 2], close=True)

    def _delay(self, command: str) -> float:
        name = NAME_OF.get(command, command)
        if self.stage.faults.at_command("hanging-command", self.host, name):
            return FOR_EVER
        slow = self.stage.faults.at_command("slow-command", self.host, name)
        return seconds(slow) if slow else 0.0

    def _answer(self, command: str) -> Answer:
        """The host's answer to one command, spoiled as the faults say."""
        faults, host = self.stage.faults, self.host
        self.stage.counts.ssh_command(host)
        name = NAME_OF.get(command, command)
        tool = TOOL_OF.get(command) or command.partition(" ")[0]
        if faults.at_command("missing-tool", host, tool):
            return Answer(err=f"sh: 1: {tool}: not found\n".encode(), exit=127)
        failing = faults.at_command("failing-command", host, name)
        if failing:
            return Answer(err=b"sample cloud fault\n", exit=int(failing.value or 1))
        if faults.at_command("garbage-command", host, name):
            return Answer(os.urandom(512))
        answer = monitored(self.stage, host, command) or self.stage.cloud.answer(host, command)
        if answer is None:
            return Answer(err=f"bash: line 1: {tool}: command not found\n".encode(), exit=127)
        if faults.at_command("truncated-command", host, name):
            return Answer(answer.out[: len(answer.out) // 2], answer.err, answer.exit)
        if faults.at_command("doubled-command", host, name):
            return Answer(answer.out * 2, answer.err, answer.exit)
        return answer
