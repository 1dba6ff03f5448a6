"""How often the embedded model asks the right tools with the right arguments, and how fast it reads.

The questions are those of tests/assistant_questions*.toml, which its classifier was not fitted on.
"""

from assistant.offline_model import first_calls
from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import Language
from assistant.understanding.intents import IntentClassifier
from benchmarks.figures import p50, p95, table, timed
from tests.support.conversations.cases import NOW, Case, cases

FITS = 5
GOALS = {Language.ENGLISH: 98}
GOAL = 95  # percent, in every other language


def main() -> None:
    """Measure and print."""
    IntentClassifier.load()  # imports what is needed
    fits = [timed(IntentClassifier.load) for _ in range(FITS)]
    classifier = IntentClassifier.load()
    rows = []
    for language in Language:
        asked = cases(language)
        times = [timed(lambda case=case: read_question(case.turns, classifier, NOW)) for case in asked]  # type: ignore[misc]
        right = sum(_right(case, classifier) for case in asked)
        share = f"{100 * right / len(asked):.1f}"
        goal = str(GOALS.get(language, GOAL))
        rows.append((str(language), str(len(asked)), share, goal, f"{p50(times):.1f}", f"{p95(times):.1f}"))
    head = ("questions not fitted on", "n", "% right", "goal", "p50 ms", "p95 ms")
    table("Right tools and arguments, and the time to read a question", head, rows, f"fitting takes {p50(fits):.0f} ms")


def _right(case: Case, classifier: IntentClassifier) -> bool:
    return first_calls(read_question(case.turns, classifier, NOW)) == case.calls


if __name__ == "__main__":
    main()
