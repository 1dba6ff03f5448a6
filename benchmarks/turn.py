"""Turns of the embedded assistant, candles at hand: whole answers, the first word, and eight visitors at once."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import p50, p95, table
from benchmarks.processes import ROOT, environment

if TYPE_CHECKING:
    from composition import Composition

TURNS = 60  # of each question
WARM = 5  # of each that only warm up
VISITORS = 8  # at once
ROUNDS = 20  # in which each of them asks
QUESTIONS = ("what's BTC next hour?", "what's the price of ETH?", "how good is the model?")
GOAL, FIRST_GOAL, CROWD_GOAL = "300", "100", "1000"  # ms


def main() -> None:
    """Measure and print."""
    times = _elapsed()
    rows = [
        (f"`ask`: {question}", *_figures(times[place :: len(QUESTIONS)]), GOAL)
        for place, question in enumerate(QUESTIONS)
    ]
    inside = _inside()
    rows.append(("first token", *_figures(inside["first"]), FIRST_GOAL))
    rows.append((f"{VISITORS} visitors at once", *_figures(inside["crowd"]), CROWD_GOAL))
    note = f"{TURNS} turns of each question; {VISITORS} visitors ask {ROUNDS} times each"
    table("A turn of the assistant, candles at hand", ("", "p50 ms", "p95 ms", "goal"), rows, note)


def _figures(times: Sequence[float]) -> tuple[str, str]:
    return f"{p50(times):.0f}", f"{p95(times):.0f}"


def _elapsed() -> list[float]:
    """Milliseconds of each turn, the questions in turns, all in one process, as that process reports them."""
    lines = [json.dumps({"turns": [question]}) for question in QUESTIONS]
    with tempfile.TemporaryDirectory() as folder:
        conversations = Path(folder) / "turns.jsonl"
        conversations.write_text("\n".join(lines * (WARM + TURNS)))
        command = [sys.executable, "app.py", "ask", "--jsonl", str(conversations)]
        done = subprocess.run(command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, check=True)
    return [json.loads(line)["elapsed_ms"] for line in done.stdout.splitlines()][WARM * len(QUESTIONS) :]


def _inside() -> dict[str, list[float]]:
    """Milliseconds to the first words, one visitor at a time, and of whole turns, all visitors at once."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.turn", "inside"]
        done = subprocess.run(command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


async def _visit() -> dict[str, list[float]]:
    from composition import Composition
    from forecaster.settings import Settings

    parts = Composition(Settings())
    for question in QUESTIONS * WARM:
        await _turn(parts, question)
    alone = [await _turn(parts, question) for question in QUESTIONS * (TURNS // len(QUESTIONS))]
    crowd = [
        each
        for _ in range(ROUNDS)
        for each in await asyncio.gather(
            *(_turn(parts, QUESTIONS[visitor % len(QUESTIONS)]) for visitor in range(VISITORS))
        )
    ]
    await parts.close()
    return {"first": [first for first, _ in alone], "crowd": [whole for _, whole in crowd]}


async def _turn(parts: "Composition", question: str) -> tuple[float, float]:
    """Milliseconds until the first words, and until the turn is over."""
    from assistant.agent import Token

    begun, first = time.perf_counter(), 0.0
    async for event in parts.turn([{"role": "user", "content": question}]):
        if isinstance(event, Token) and not first:
            first = time.perf_counter()
    return 1000 * (first - begun), 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        print(json.dumps(asyncio.run(_visit())))
    else:
        main()
