"""`python -m assistant.understanding` fits what is shipped of the intents; short because intents.py knows how."""

from assistant.understanding.intents import IntentClassifier, examples_digest
from assistant.understanding.weights import SHIPPED

if __name__ == "__main__":
    IntentClassifier.fitted().weights().save(examples_digest())
    print(f"wrote {SHIPPED}")  # noqa: T201
