"""One turn of the assistant, as ``ask`` answers it: question in, whole answer out, candles at hand."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import p50, p95, table
from benchmarks.processes import ROOT, environment

TURNS = 60  # of each question
WARM = 5  # of each that only warm up
QUESTIONS = ("what's BTC next hour?", "what's the price of ETH?", "how good is the model?")


def main() -> None:
    """Measure and print."""
    times = _elapsed()
    rows = [
        (question, f"{p50(times[place :: len(QUESTIONS)]):.0f}", f"{p95(times[place :: len(QUESTIONS)]):.0f}", "300")
        for place, question in enumerate(QUESTIONS)
    ]
    table("A turn of the assistant, candles at hand", ("", "p50 ms", "p95 ms", "goal"), rows, f"{TURNS} turns of each")


def _elapsed() -> list[float]:
    """Milliseconds of each turn, the questions in turns, all in one process, as that process reports them."""
    lines = [json.dumps({"turns": [question]}) for question in QUESTIONS]
    with tempfile.TemporaryDirectory() as folder:
        conversations = Path(folder) / "turns.jsonl"
        conversations.write_text("\n".join(lines * (WARM + TURNS)))
        command = [sys.executable, "app.py", "ask", "--jsonl", str(conversations)]
        done = subprocess.run(command, cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, check=True)
    return [json.loads(line)["elapsed_ms"] for line in done.stdout.splitlines()][WARM * len(QUESTIONS) :]


if __name__ == "__main__":
    main()
